/**
 * What may stand in a `[sync]` table of containai.toml. Every key is checked; what is wrong is told
 * with its key, so that the reader (config.ts) can name the line. Pure.
 */
import type { ConflictPolicy } from '../tree/reconcile.ts';
import type { Mode, SessionOptions } from './api.ts';
import { parseDuration, parseSize } from './units.ts';

/** One session of a configuration file; options hold only what the file says. */
export interface SyncTable {
  readonly local: string;
  readonly remote: string;
  readonly options: Partial<SessionOptions>;
}

/** Says what is wrong with the value of a key; `key` is dotted below the session's table. */
export class SchemaFault extends Error {
  readonly key: string;

  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

export const modes: readonly Mode[] = ['two-way', 'to-container', 'to-local'];
export const conflictPolicies: readonly ConflictPolicy[] = [
  'merge',
  'newest',
  'local',
  'container',
  'manual',
];
export const modePolicies = ['portable', 'full'] as const;

type Table = Readonly<Record<string, unknown>>;
type Draft = { -readonly [K in keyof SessionOptions]?: SessionOptions[K] };
type Reader = (value: unknown, key: string, draft: Draft) => void;

const readers: Readonly<Record<string, Reader>> = {
  mode: (value, key, draft) => {
    draft.mode = oneOf(modes, value, key);
  },
  ignore: (value, key, draft) => {
    draft.ignore = texts(value, key);
  },
  allow: (value, key, draft) => {
    draft.allow = texts(value, key);
  },
  gitignore: (value, key, draft) => {
    draft.gitignore = truth(value, key);
  },
  git: (value, key, draft) => {
    draft.git = truth(value, key);
  },
  modes: (value, key, draft) => {
    draft.modes = oneOf(modePolicies, value, key);
  },
  conflicts: (value, key, draft) => {
    draft.conflicts = oneOf(conflictPolicies, value, key);
  },
  rules: (value, key, draft) => {
    draft.conflictRules = conflictRules(value, key);
  },
  merge_budget: (value, key, draft) => {
    draft.mergeBudget = size(value, key);
  },
  settle: (value, key, draft) => {
    draft.settleMs = duration(value, key);
  },
  settle_max: (value, key, draft) => {
    draft.settleMaxMs = duration(value, key);
  },
  max_file_size: (value, key, draft) => {
    draft.maxFileSize = size(value, key);
  },
  history: (value, key, draft) => {
    draft.history = history(value, key);
  },
  holds: (value, key, draft) => {
    draft.holds = holds(value, key);
  },
  docker: (value, key, draft) => {
    draft.docker = dockerCommand(value, key);
  },
};

const known = ['local', 'remote', ...Object.keys(readers)];

/** Reads a session's table, with `defaults` for the parts of history and holds. Throws SchemaFault. */
export function readSyncTable(table: Table): SyncTable {
  const draft: Draft = {};
  for (const [key, value] of Object.entries(table)) {
    if (!known.includes(key))
      throw new SchemaFault(key, `there is no key "${key}"; there are ${known.join(', ')}`);
    readers[key]?.(value, key, draft);
  }
  if (table.remote === undefined)
    throw new SchemaFault('', 'the key "remote" is missing: the address of the other side');
  return {
    local: text(table.local ?? '.', 'local'),
    remote: text(table.remote, 'remote'),
    options: draft,
  };
}

/** The docker command as one text, split at blanks, or as a list. */
export function dockerCommand(value: unknown, key: string): readonly string[] {
  const parts =
    typeof value === 'string'
      ? value.split(/\s+/).filter((part) => part !== '')
      : texts(value, key);
  if (parts.length === 0)
    throw new SchemaFault(key, `"${key}" is empty; write a command such as "docker"`);
  return parts;
}

function conflictRules(value: unknown, key: string): SessionOptions['conflictRules'] {
  if (!Array.isArray(value)) throw wrong(key, 'a list of tables: [[sync.rules]]');
  return value.map((rule: unknown, at) => {
    const own = `${key}.${at}`;
    const { paths, conflicts } = subTable(rule, own, ['paths', 'conflicts']);
    return {
      paths: texts(paths, `${own}.paths`),
      conflicts: oneOf(conflictPolicies, conflicts, `${own}.conflicts`),
    };
  });
}

function history(value: unknown, key: string): SessionOptions['history'] {
  const parts = subTable(value, key, ['age', 'size']);
  return {
    maxAgeMs: duration(parts.age ?? '14d', `${key}.age`),
    maxBytes: size(parts.size ?? '1GiB', `${key}.size`),
  };
}

function holds(value: unknown, key: string): SessionOptions['holds'] {
  const { files = 50, share = 0.25 } = subTable(value, key, ['files', 'share']);
  if (!Number.isSafeInteger(files) || (files as number) < 0)
    throw wrong(`${key}.files`, 'a whole number');
  if (typeof share !== 'number' || !(share >= 0 && share <= 1))
    throw wrong(`${key}.share`, 'a number from 0 to 1');
  return { files: files as number, share };
}

function subTable(value: unknown, key: string, keys: readonly string[]): Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(key, 'a table');
  for (const name of Object.keys(value)) {
    if (!keys.includes(name))
      throw new SchemaFault(
        `${key}.${name}`,
        `there is no key "${key}.${name}"; there are ${keys.join(', ')}`,
      );
  }
  return value as Table;
}

function text(value: unknown, key: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(key, 'a text');
}

function texts(value: unknown, key: string): readonly string[] {
  if (Array.isArray(value) && value.every((part) => typeof part === 'string' && part !== ''))
    return value;
  throw wrong(key, 'a list of texts');
}

function truth(value: unknown, key: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(key, 'true or false');
}

function oneOf<T extends string>(choices: readonly T[], value: unknown, key: string): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw wrong(key, `one of ${choices.join(', ')}`);
}

function duration(value: unknown, key: string): number {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  throw wrong(key, 'a duration such as "5ms" or "14d", or a number of milliseconds');
}

function size(value: unknown, key: string): number {
  const bytes = parseSize(value);
  if (bytes !== undefined) return Math.floor(bytes);
  throw wrong(key, 'a size such as "2GiB", or a number of bytes');
}

function wrong(key: string, what: string): SchemaFault {
  return new SchemaFault(key, `"${key}" must be ${what}`);
}

/**
 * What may stand in a `[sync]` table of containai.toml. Every key is checked; what is wrong is told
 * with its key, so that the reader (config.ts) can name the line. Pure.
 */
import {
  commandOf,
  duration,
  oneOf,
  SchemaFault,
  size,
  subTable,
  type Table,
  text,
  texts,
  truth,
  wrong,
} from '../config/values.ts';
import type { ConflictPolicy } from '../tree/reconcile.ts';
import type { Mode, SessionOptions } from './api.ts';

/** One session of a configuration file; options hold only what the file says. */
export interface SyncTable {
  readonly local: string;
  readonly remote: string;
  readonly options: Partial<SessionOptions>;
}

export const modes: readonly Mode[] = ['two-way', 'to-container', 'to-local'];
export const conflictPolicies: readonly ConflictPolicy[] = [
  'merge',
  'newest',
  'local',
  'container',
  'manual',
];
export const localChanges = ['live', 'manual'] as const;
export const modePolicies = ['portable', 'full'] as const;
const rsyncUses = ['auto', 'off'] as const;

type Draft = { -readonly [K in keyof SessionOptions]?: SessionOptions[K] };
type Reader = (value: unknown, key: string, draft: Draft) => void;

const readers: Readonly<Record<string, Reader>> = {
  mode: (value, key, draft) => {
    draft.mode = oneOf(modes, value, key);
  },
  local_changes: (value, key, draft) => {
    draft.localChanges = oneOf(localChanges, value, key);
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
  transfers: (value, key, draft) => {
    draft.transfersAtOnce = wholeNumber(value, key);
  },
  bandwidth: (value, key, draft) => {
    draft.bandwidth = size(value, key);
  },
  rsync: (value, key, draft) => {
    draft.rsync = oneOf(rsyncUses, value, key);
  },
  history: (value, key, draft) => {
    draft.history = history(value, key);
  },
  holds: (value, key, draft) => {
    draft.holds = holds(value, key);
  },
  docker: (value, key, draft) => {
    draft.docker = commandOf(value, key);
  },
  ssh: (value, key, draft) => {
    draft.ssh = commandOf(value, key);
  },
  kubectl: (value, key, draft) => {
    draft.kubectl = commandOf(value, key);
  },
  node: (value, key, draft) => {
    draft.node = text(value, key);
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

function wholeNumber(value: unknown, key: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 64)
    return value as number;
  throw wrong(key, 'a whole number from 1 to 64');
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

/**
 * What may stand in a `[sync]` table of containai.toml. Every key is checked; what is wrong is told
 * with its key, so that the reader (config.ts, sync-settings.ts) can name the line. Pure.
 */
import type { KeyTable, SettingKey } from '../config/key-table.ts';
import { formatDuration, formatSize } from '../config/units.ts';
import {
  commandOf,
  duration,
  isTable,
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
import { defaultOptions } from './defaults.ts';

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

type OptionName = keyof SessionOptions;
type OptionKey = SettingKey<SessionOptions>;

/** `name` is the option's, `key` stands in the table. */
function option<Name extends OptionName>(
  name: Name,
  key: string,
  read: SettingKey<SessionOptions, Name>['read'],
  more: Partial<SettingKey<SessionOptions, Name>> = {},
): OptionKey {
  const fallback = defaultOptions[name];
  const made: SettingKey<SessionOptions, Name> = {
    name,
    key: `sync.${key}`,
    read,
    fallback,
    ...more,
  };
  return made;
}

const bytes = { write: formatSize };
const milliseconds = { write: formatDuration };
const command = { userOnly: true } as const;

export const optionKeys: readonly OptionKey[] = [
  option('mode', 'mode', (value, key) => oneOf(modes, value, key), { flag: '--mode' }),
  option('localChanges', 'local_changes', (value, key) => oneOf(localChanges, value, key), {
    flag: '--local-changes',
  }),
  option('ignore', 'ignore', texts, { flag: '--ignore' }),
  option('allow', 'allow', texts, { flag: '--allow' }),
  option('gitignore', 'gitignore', truth, { flag: '--no-gitignore' }),
  option('git', 'git', truth, { flag: '--git' }),
  option('modes', 'modes', (value, key) => oneOf(modePolicies, value, key), { flag: '--modes' }),
  option('conflicts', 'conflicts', (value, key) => oneOf(conflictPolicies, value, key), {
    flag: '--conflicts',
  }),
  option('conflictRules', 'rules', conflictRules),
  option('mergeBudget', 'merge_budget', size, bytes),
  option('settleMs', 'settle', duration, milliseconds),
  option('settleMaxMs', 'settle_max', duration, milliseconds),
  option('maxFileSize', 'max_file_size', size, bytes),
  option('transfersAtOnce', 'transfers', wholeNumber),
  option('bandwidth', 'bandwidth', size, {
    flag: '--bandwidth',
    write: (value) => formatSize(value ?? 0),
  }),
  option('rsync', 'rsync', (value, key) => oneOf(rsyncUses, value, key)),
  option('history', 'history', history, {
    write: ({ maxAgeMs, maxBytes }) => ({
      age: formatDuration(maxAgeMs),
      size: formatSize(maxBytes),
    }),
  }),
  option('holds', 'holds', holds),
  option('docker', 'docker', commandOf, { flag: '--docker', ...command }),
  option('ssh', 'ssh', commandOf, { flag: '--ssh', ...command }),
  option('kubectl', 'kubectl', commandOf, { flag: '--kubectl', ...command }),
  option('node', 'node', text, { flag: '--node', ...command }),
];

/** What the `[sync]` table of a file that was found says: options, and perhaps of which session. */
export interface FoundTable extends SessionOptions {
  readonly local?: string | undefined;
  readonly remote?: string | undefined;
}

const addressKeys: readonly SettingKey<FoundTable>[] = (['local', 'remote'] as const).map(
  (name) =>
    ({ name, key: `sync.${name}`, workspaceOnly: true, read: text, fallback: undefined }) as const,
);

export const syncTable: KeyTable<FoundTable> = {
  keys: [...addressKeys, ...(optionKeys as readonly SettingKey<FoundTable>[])],
  tables: ['sync'],
  isForeign: () => true,
  // [sync.NAME] tables: config.ts reads them.
  isOther: isTable,
};

/** The keys of a table, without the table's name. */
export const tableKeys: readonly string[] = syncTable.keys.map(({ key }) =>
  key.slice('sync.'.length),
);

/** Reads what a table says; `remote` may be missing. Throws SchemaFault. */
export function readOptions(table: Table): Partial<FoundTable> {
  const found: Partial<Record<keyof FoundTable, unknown>> = {};
  for (const [key, value] of Object.entries(table)) {
    const at = tableKeys.indexOf(key);
    const known = syncTable.keys[at];
    if (known === undefined)
      throw new SchemaFault(key, `there is no key "${key}"; there are ${tableKeys.join(', ')}`);
    found[known.name] = known.read(value, key);
  }
  return found as Partial<FoundTable>;
}

/** Reads a session's table. Throws SchemaFault. */
export function readSyncTable(table: Table): SyncTable {
  const { local = '.', remote, ...options } = readOptions(table);
  if (remote === undefined)
    throw new SchemaFault('', 'the key "remote" is missing: the address of the other side');
  return { local, remote, options };
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

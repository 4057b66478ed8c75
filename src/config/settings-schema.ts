/**
 * The settings of configuration sync and of the container around it: their keys, their types, their
 * defaults and where each may come from. `cai config` and docs/configuration.md follow this table.
 */
import { commandOf, size, type Table, text, texts, truth, volumeName, wrong } from './values.ts';

export interface Settings {
  /** Undefined: derived from the workspace's path. */
  readonly dataVolume: string | undefined;
  readonly excludes: readonly string[];
  readonly docker: readonly string[];
  readonly additionalPaths: readonly string[];
  readonly excludePrivate: boolean;
  readonly restoreMaxBytes: number;
  readonly restoreMaxEntries: number;
  /** Undefined: the project's own agent image. */
  readonly image: string | undefined;
  readonly bind: boolean;
}

export interface SettingKey<Name extends keyof Settings = keyof Settings> {
  readonly name: Name;
  /** In a file, dotted: `import.additional_paths` is a key of the table `[import]`. */
  readonly key: string;
  readonly flag?: string;
  readonly env?: string;
  /** Not taken from a workspace's file: that may be a stranger's, and this one runs commands. */
  readonly userOnly?: true;
  readonly read: (value: unknown, key: string) => Settings[Name];
  readonly fallback: Settings[Name];
}

function setting<Name extends keyof Settings>(key: SettingKey<Name>): SettingKey<Name> {
  return key;
}

const gib = 1024 ** 3;

export const settingKeys: readonly SettingKey[] = [
  setting({
    name: 'dataVolume',
    key: 'data_volume',
    flag: '--data-volume',
    env: 'CONTAINAI_DATA_VOLUME',
    read: volumeName,
    fallback: undefined,
  }),
  setting({ name: 'excludes', key: 'excludes', read: texts, fallback: [] }),
  setting({
    name: 'docker',
    key: 'docker',
    flag: '--docker',
    env: 'CAI_DOCKER',
    userOnly: true,
    read: commandOf,
    fallback: ['docker'],
  }),
  setting({
    name: 'additionalPaths',
    key: 'import.additional_paths',
    read: texts,
    fallback: [],
  }),
  setting({ name: 'excludePrivate', key: 'import.exclude_priv', read: truth, fallback: true }),
  setting({ name: 'restoreMaxBytes', key: 'restore.max_size', read: size, fallback: 16 * gib }),
  setting({
    name: 'restoreMaxEntries',
    key: 'restore.max_entries',
    read: wholeNumber,
    fallback: 1_000_000,
  }),
  setting({
    name: 'image',
    key: 'container.image',
    flag: '--image',
    env: 'CAI_IMAGE',
    read: text,
    fallback: undefined,
  }),
  setting({ name: 'bind', key: 'container.bind', flag: '--bind', read: truth, fallback: false }),
];

/** The tables that are wholly ours: a key in them that is not known is a slip. */
export const settingTables: readonly string[] = [
  ...new Set(settingKeys.flatMap(({ key }) => key.split('.').slice(0, -1))),
];

function wholeNumber(value: unknown, key: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw wrong(key, 'a whole number above 0');
}

/** What stands in a file under a dotted key. */
export function valueAt(table: Table, key: string): unknown {
  const [first, second] = key.split('.') as [string, string | undefined];
  if (second === undefined) return table[first];
  return (table[first] as Table | undefined)?.[second];
}

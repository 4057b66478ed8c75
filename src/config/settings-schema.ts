/**
 * The settings of configuration sync and of the container around it: their keys, their types, their
 * defaults and where each may come from. `cai config` and docs/configuration.md follow this table.
 */
import type { KeyTable, SettingKey } from './key-table.ts';
import { commandOf, isTable, size, text, texts, truth, volumeName, wrong } from './values.ts';

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

function setting<Name extends keyof Settings>(
  key: SettingKey<Settings, Name>,
): SettingKey<Settings, Name> {
  return key;
}

const gib = 1024 ** 3;

export const settingKeys: readonly SettingKey<Settings>[] = [
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

export const settingTable: KeyTable<Settings> = {
  keys: settingKeys,
  tables: [...new Set(settingKeys.flatMap(({ key }) => key.split('.').slice(0, -1)))],
  // Tables of other commands; those of live sync may speak of a workspace, too.
  isForeign: ({ name, value, isTop }) =>
    isTop ? isTable(value) || Array.isArray(value) : name === 'sync',
};

function wholeNumber(value: unknown, key: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw wrong(key, 'a whole number above 0');
}

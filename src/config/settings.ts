/**
 * Every setting with its value and where that comes from. The order is the same everywhere, for live sync too
 * (control/sync-settings.ts): flag, environment, what is remembered of the workspace, the workspace's file, the
 * user's file, default.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaiError, toCaiError } from '../errors.ts';
import { findConfig, userConfigFile } from './find.ts';
import type { KeyTable, SettingKey } from './key-table.ts';
import { type Layer, type Origin, resolveLayers } from './layers.ts';
import { type FileSettings, readSettingsFile, requireFile } from './settings-file.ts';
import { type Settings, settingKeys, settingTable } from './settings-schema.ts';
import { readWorkspaceState, workspaceStateFile } from './workspace-state.ts';

export interface ResolvedSettings extends Settings {
  /** The real path of the workspace they hold for. */
  readonly workspace: string;
  readonly origins: Readonly<Record<keyof Settings, Origin>>;
  /** What was left out of files that were found, as sentences for people. */
  readonly warnings: readonly string[];
}

export interface FilesQuery {
  /** The workspace's real path. */
  readonly workspace: string;
  /** A file that takes the place of the workspace's. */
  readonly config?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

export interface SettingsQuery extends FilesQuery {
  readonly flags?: Partial<Settings> | undefined;
}

/** Reads all sources. Throws CONFIG for a file that was named, and USAGE for a wrong environment. */
export function loadSettings(query: SettingsQuery): ResolvedSettings {
  const { workspace, flags = {}, env = process.env } = query;
  const files = settingsFiles(settingTable, query);
  const layers = [flagLayer(settingKeys, flags), environmentLayer(settingKeys, env)];
  const { values, origins } = resolveLayers(
    [...layers, stateLayer(workspace), ...files],
    fallbacks(settingKeys),
  );
  return { ...values, workspace, origins, warnings: files.flatMap(({ warnings }) => warnings) };
}

/** The files that count, the workspace's first. */
export function settingsFiles<T>(
  table: KeyTable<T>,
  query: FilesQuery,
): readonly FileSettings<T>[] {
  const { workspace, config } = query;
  const named = config === undefined ? undefined : resolve(config);
  if (named !== undefined) requireFile(named);
  const near = named ?? findConfig(workspace);
  const own = userConfigFile(query.env);
  const files: FileSettings<T>[] = [];
  if (near !== undefined) {
    const kind = near === own ? 'user-file' : 'workspace-file';
    const strict = named !== undefined;
    files.push(readSettingsFile(table, { path: near, kind, strict, workspace }));
  }
  if (own !== near && existsSync(own))
    files.push(readSettingsFile(table, { path: own, kind: 'user-file', strict: false, workspace }));
  return files;
}

export function fallbacks<T>(keys: readonly SettingKey<T>[]): T {
  return Object.fromEntries(keys.map(({ name, fallback }) => [name, fallback])) as T;
}

export function flagLayer<T>(keys: readonly SettingKey<T>[], values: Partial<T>): Layer<T> {
  const flagOf = (name: keyof T): string => keys.find((key) => key.name === name)?.flag ?? '';
  return { values, origin: (name) => ({ kind: 'flag', flag: flagOf(name) }) };
}

function environmentLayer<T>(keys: readonly SettingKey<T>[], env: NodeJS.ProcessEnv): Layer<T> {
  const values: Partial<T> = {};
  const names = new Map<keyof T, string>();
  for (const key of keys) {
    const name = key.env;
    const value = name === undefined ? undefined : env[name];
    if (name === undefined || value === undefined || value === '') continue;
    values[key.name] = fromEnvironment(key, name, value);
    names.set(key.name, name);
  }
  return {
    values,
    origin: (name) => ({ kind: 'environment', name: names.get(name) ?? '' }),
  };
}

function fromEnvironment<T>(key: SettingKey<T>, name: string, value: string): T[keyof T] {
  try {
    return key.read(value, name);
  } catch (error) {
    throw new CaiError('USAGE', `In the environment, ${toCaiError(error).message}.`, {
      next: `Correct or unset ${name}.`,
      cause: error,
    });
  }
}

function stateLayer(workspace: string): Layer<Settings> {
  const { workspace: _own, ...values } = readWorkspaceState(workspace) ?? { workspace };
  return { values, origin: () => ({ kind: 'state', path: workspaceStateFile(workspace) }) };
}

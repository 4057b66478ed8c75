/**
 * Every setting with its value and where that comes from. The order is the same everywhere: flag,
 * environment, what is remembered of the workspace, the workspace's file, the user's file, default.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaiError, toCaiError } from '../errors.ts';
import { findConfig, userConfigFile } from './find.ts';
import { type FileSettings, readSettingsFile, requireFile } from './settings-file.ts';
import { type SettingKey, type Settings, settingKeys } from './settings-schema.ts';
import { readWorkspaceState, type WorkspaceState, workspaceStateFile } from './workspace-state.ts';

export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'state'; readonly path: string }
  | { readonly kind: 'workspace-file'; readonly path: string; readonly line: number }
  | { readonly kind: 'user-file'; readonly path: string; readonly line: number }
  | { readonly kind: 'default' };

export interface ResolvedSettings extends Settings {
  /** The real path of the workspace they hold for. */
  readonly workspace: string;
  readonly origins: Readonly<Record<keyof Settings, Origin>>;
  /** What was left out of files that were found, as sentences for people. */
  readonly warnings: readonly string[];
}

export interface SettingsQuery {
  /** The workspace's real path. */
  readonly workspace: string;
  readonly flags?: Partial<Settings> | undefined;
  /** A file that takes the place of the workspace's. */
  readonly config?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** Reads all sources. Throws CONFIG for a file that was named, and USAGE for a wrong environment. */
export function loadSettings(query: SettingsQuery): ResolvedSettings {
  const { workspace, env = process.env } = query;
  const files = settingsFiles(query);
  const state = readWorkspaceState(workspace);
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const key of settingKeys) {
    const found =
      fromFlag(key, query.flags) ??
      fromEnvironment(key, env) ??
      fromState(key, state) ??
      fromFiles(key, files);
    values[key.name] = found?.value ?? key.fallback;
    origins[key.name] = found?.origin ?? { kind: 'default' };
  }
  return {
    ...(values as unknown as Settings),
    workspace,
    origins: origins as ResolvedSettings['origins'],
    warnings: files.flatMap(({ warnings }) => warnings),
  };
}

interface Found {
  readonly value: unknown;
  readonly origin: Origin;
}

/** The files that count, the workspace's first. */
function settingsFiles(query: SettingsQuery): readonly FileSettings[] {
  const { workspace, config } = query;
  const named = config === undefined ? undefined : resolve(config);
  if (named !== undefined) requireFile(named);
  const near = named ?? findConfig(workspace);
  const own = userConfigFile(query.env);
  return [
    ...(near === undefined
      ? []
      : [
          readSettingsFile({
            path: near,
            kind: near === own ? 'user-file' : 'workspace-file',
            strict: named !== undefined,
            workspace,
          }),
        ]),
    ...(own !== near && existsSync(own)
      ? [readSettingsFile({ path: own, kind: 'user-file', strict: false, workspace })]
      : []),
  ];
}

function fromFlag({ name, flag = '' }: SettingKey, flags?: Partial<Settings>): Found | undefined {
  const value = flags?.[name];
  return value === undefined ? undefined : { value, origin: { kind: 'flag', flag } };
}

function fromEnvironment(key: SettingKey, env: NodeJS.ProcessEnv): Found | undefined {
  const name = key.env;
  const value = name === undefined ? undefined : env[name];
  if (name === undefined || value === undefined || value === '') return undefined;
  try {
    return { value: key.read(value, name), origin: { kind: 'environment', name } };
  } catch (error) {
    throw new CaiError('USAGE', `In the environment, ${toCaiError(error).message}.`, {
      next: `Correct or unset ${name}.`,
      cause: error,
    });
  }
}

function fromState({ name }: SettingKey, state?: WorkspaceState): Found | undefined {
  const value = state?.[name as keyof WorkspaceState];
  if (state === undefined || value === undefined) return undefined;
  return { value, origin: { kind: 'state', path: workspaceStateFile(state.workspace) } };
}

function fromFiles({ name }: SettingKey, files: readonly FileSettings[]): Found | undefined {
  const file = files.find(({ values }) => values[name] !== undefined);
  if (file === undefined) return undefined;
  const { kind, path, lines } = file;
  return { value: file.values[name], origin: { kind, path, line: lines[name] ?? 1 } };
}

/** Where a setting comes from, for people. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return `$${origin.name}`;
    case 'state':
      return `remembered in ${origin.path}`;
    case 'workspace-file':
    case 'user-file':
      return `${origin.path}:${origin.line}`;
    case 'default':
      return 'default';
  }
}

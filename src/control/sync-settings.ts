/**
 * The options of a session and where each comes from: the order and the files are those of every other setting
 * (config/settings.ts). What is remembered of a session (prepare.ts) comes between flags and files.
 */
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Layer, Origin } from '../config/layers.ts';
import { resolveLayers } from '../config/layers.ts';
import { type FilesQuery, fallbacks, flagLayer, settingsFiles } from '../config/settings.ts';
import type { FileSettings } from '../config/settings-file.ts';
import type { SessionOptions } from './api.ts';
import type { Config, ConfiguredSession } from './config.ts';
import { type FoundTable, optionKeys, syncTable } from './config-schema.ts';

export interface SyncSettings {
  readonly options: SessionOptions;
  readonly origins: Readonly<Record<keyof SessionOptions, Origin>>;
  /** What was left out of files that were found, as sentences for people. */
  readonly warnings: readonly string[];
  /** Some of that could not be understood: it may have asked for less than what holds now. */
  readonly doubtful: boolean;
}

/** What files say of a session of this directory that no file describes. Throws CONFIG for a file that was named. */
export function loadSyncSettings(query: FilesQuery): SyncSettings {
  const files = settingsFiles(syncTable, query);
  const layers = files.filter((file) => concerns(file, query.workspace));
  return resolved(layers, files);
}

/** The session of a file, on top of what the user's own file says of all. */
export function sessionSettings(
  { path, line }: Pick<Config, 'path' | 'line'>,
  session: ConfiguredSession,
  flags: Partial<SessionOptions> = {},
): SyncSettings {
  const workspace = realOr(resolve(session.directory, session.local));
  const users = settingsFiles(syncTable, { workspace }).filter(({ kind }) => kind === 'user-file');
  const own: Layer<SessionOptions> = {
    values: session.options,
    origin: (name) => ({ kind: 'workspace-file', path, line: line(session, keyOf(name)) }),
  };
  return resolved([flagLayer(optionKeys, flags), own, ...users], users);
}

/** The key of an option in a `[sync]` table. */
export function keyOf(name: keyof SessionOptions): string {
  return (optionKeys.find((each) => each.name === name)?.key ?? '').slice('sync.'.length);
}

function resolved(
  layers: readonly Layer<SessionOptions>[],
  files: readonly FileSettings<FoundTable>[],
): SyncSettings {
  const { values, origins } = resolveLayers(layers, fallbacks(optionKeys));
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return {
    options: Object.fromEntries(set) as unknown as SessionOptions,
    origins,
    warnings: files.flatMap(({ warnings }) => warnings),
    doubtful: files.some(({ doubtful }) => doubtful),
  };
}

/** A table with an address speaks of the session of one directory; one without, of all below the file. */
function concerns(
  { path, values: { local, remote } }: FileSettings<FoundTable>,
  workspace: string,
): boolean {
  if (local === undefined && remote === undefined) return true;
  return realOr(resolve(dirname(path), local ?? '.')) === workspace;
}

/** A path that is not there stays as it is: whoever needs it says so. */
export function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

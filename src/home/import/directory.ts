/** `cai import` of a directory, from its volume being made to the report of what was done. */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Settings } from '../../config/settings-schema.ts';
import type { EngineCommand } from '../../docker/engine.ts';
import { dropVolume, ensureVolume, volumeExists } from '../../docker/volume.ts';
import { loadManifests, type Manifest } from '../manifest-files.ts';
import { labels } from '../names.ts';
import { openVolume, type WriteProgress } from '../volume.ts';
import { type Collected, collect, type Delivered, deliver, quietly } from './engine.ts';
import type { Kept } from './keep.ts';
import type { Decision } from './plan.ts';

export interface ImportOptions {
  readonly command: EngineCommand;
  readonly volume: string;
  readonly workspace: string;
  /** Default: the home directory. */
  readonly from?: string | undefined;
  readonly settings: Pick<Settings, 'excludes' | 'additionalPaths' | 'excludePrivate'>;
  readonly noExcludes: boolean;
  readonly noSecrets: boolean;
  readonly dryRun: boolean;
  /** Leave what the container changed, unless the source has changed too. */
  readonly onlyChanged?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly onWrite?: ((progress: WriteProgress) => void) | undefined;
}

/** What an import did or, with dryRun, would do. Paths are below the source and below the volume's root. */
export interface ImportReport {
  readonly volume: string;
  /** The volume was not there. */
  readonly madeVolume: boolean;
  readonly dryRun: boolean;
  readonly source: string;
  readonly manifests: readonly string[];
  /** The patterns that counted, the last first. */
  readonly excludes: readonly string[];
  readonly decisions: readonly Decision[];
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly attributes: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
  readonly kept: readonly Kept[];
}

export async function importDirectory(options: ImportOptions): Promise<ImportReport> {
  return quietly(async () => {
    // All that can be wrong with the source is found before anything is made.
    const { collected, manifest } = await collectSource(options);
    const { madeVolume, ...result } = await bring(collected, options);
    return {
      volume: options.volume,
      madeVolume,
      dryRun: options.dryRun,
      source: collected.scan.root,
      manifests: manifest.files,
      excludes: collected.patterns,
      decisions: collected.decisions,
      ...result,
    };
  });
}

export type SourceOptions = Pick<
  ImportOptions,
  'from' | 'settings' | 'noExcludes' | 'noSecrets' | 'signal'
>;

/** What there is to import. Looks at the source only. */
export async function collectSource(
  options: SourceOptions,
): Promise<{ readonly collected: Collected; readonly manifest: Manifest }> {
  const { from = homeDirectory(), settings, noExcludes, noSecrets, signal } = options;
  const manifest = manifestsFor(from);
  const { additionalPaths, excludes, excludePrivate } = settings;
  const collected = await collect({
    from,
    isHome: isHome(from),
    entries: manifest.entries,
    additionalPaths,
    excludes,
    excludePrivate,
    noExcludes,
    noSecrets,
    signal,
  });
  return { collected, manifest };
}

function homeDirectory(): string {
  return process.env.HOME || homedir();
}

function isHome(from: string): boolean {
  try {
    return realpathSync(from) === realpathSync(homeDirectory());
  } catch {
    return false;
  }
}

/** Those of the source, if it has any of its own; else the user's. */
function manifestsFor(from: string): Manifest {
  const own = loadManifests(from);
  return own.files.length > 1 ? own : loadManifests(homeDirectory());
}

type Brought = Omit<Delivered, 'leftDirectories'> & { readonly madeVolume: boolean };

async function bring(collected: Collected, options: ImportOptions): Promise<Brought> {
  const { command, volume: name, dryRun, workspace, signal, onProgress } = options;
  const query = { command, volume: name, signal };
  if (dryRun && !(await volumeExists(query))) return { ...allNew(collected), madeVolume: true };
  const madeVolume = dryRun
    ? false
    : await ensureVolume({
        ...query,
        labels: { [labels.managed]: 'true', [labels.workspace]: workspace },
      });
  try {
    const volume = await openVolume({ command, name, signal, onProgress });
    try {
      const { leftDirectories: _left, ...result } = await deliver({
        collected,
        volume,
        dryRun,
        onlyChanged: options.onlyChanged ?? false,
        onProgress: options.onWrite,
      });
      return { ...result, madeVolume };
    } finally {
      await volume.close();
    }
  } catch (error) {
    // What failed changed nothing; not even this.
    if (madeVolume) await dropVolume(query);
    throw error;
  }
}

function allNew({ plan }: Collected): Delivered {
  return {
    created: plan.entries.map(({ path }) => path),
    updated: [],
    attributes: [],
    removed: [],
    leftDirectories: [],
    unchanged: 0,
    kept: [],
  };
}

/**
 * Moves configuration from a container's home directory into its data volume and leaves links, item by
 * item. One that cannot be moved is told and does not keep the others. A second run does nothing.
 */
import {
  type BigIntStats,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { toCaiError } from '../../errors.ts';
import { readRecord, recordName } from '../import/record.ts';
import {
  type Manifest,
  mergeManifests,
  readManifest,
  shippedManifest,
  userManifestFiles,
  userManifests,
} from '../manifest-files.ts';
import { makeParents, moveIn, own, placeLink, recover } from './carry.ts';
import { decide, type SyncDeed } from './decide.ts';
import { type SyncItem, syncItems } from './items.ts';
import { isPlaceholderFile, lookAtLocal, lookAtVolume } from './look.ts';
import { type KeptVersion, type Merge, type MergeOptions, planMerge } from './merge.ts';
import type { SyncPlaces } from './places.ts';

export const outcomes = ['moved', 'linked', 'placeholder', 'unchanged', 'refused'] as const;

export interface SyncAction {
  /** Below the home directory. */
  readonly path: string;
  /** Below the volume's root. */
  readonly target: string;
  readonly outcome: (typeof outcomes)[number];
  /** Files and links that came into the volume. */
  readonly files?: number;
  /** Versions that gave way, and where they are now; absolute. */
  readonly kept?: readonly KeptVersion[];
  /** Why it was refused, or is as it was. */
  readonly reason?: string;
}

export interface SyncReport {
  readonly home: string;
  readonly data: string;
  readonly dryRun: boolean;
  readonly actions: readonly SyncAction[];
  /** Manifests of the user that could not be read. */
  readonly warnings: readonly string[];
}

export function syncHome(places: SyncPlaces, { dryRun }: { readonly dryRun: boolean }): SyncReport {
  const warnings: string[] = [];
  const { entries } = manifestsIn(places, warnings);
  const items = syncItems(entries, additionalPaths(places));
  const actions = items.map((item) => syncItem(item, { places, dryRun }));
  return { home: places.home, data: places.data, dryRun, actions, warnings };
}

/** The user's manifests as they are in the volume; one with a fault must not keep a container from starting. */
function manifestsIn({ data }: SyncPlaces, warnings: string[]): Manifest {
  let manifest = shippedManifest();
  for (const path of userManifestFiles(join(data, userManifests))) {
    try {
      const more = { entries: readManifest(path), files: [path] };
      manifest = mergeManifests([manifest, more]);
    } catch (error) {
      warnings.push(`${toCaiError(error).message} It is left out.`);
    }
  }
  return manifest;
}

function additionalPaths({ data }: SyncPlaces): readonly string[] {
  try {
    return readRecord(readFileSync(join(data, recordName), 'utf8'))?.additional ?? [];
  } catch {
    // No import has been here.
    return [];
  }
}

interface Context {
  readonly places: SyncPlaces;
  readonly dryRun: boolean;
}

function syncItem(item: SyncItem, context: Context): SyncAction {
  const { link: path, target } = item;
  try {
    const late = context.dryRun ? undefined : takeUp(item, context);
    const deed = decideNow(item, context);
    const action = { path, target, ...carryOut(deed, item, context) };
    return late === undefined || late.kept.length === 0
      ? action
      : { ...action, kept: [...late.kept, ...(action.kept ?? [])] };
  } catch (error) {
    return { path, target, outcome: 'refused', reason: toCaiError(error).message };
  }
}

function decideNow(item: SyncItem, { places }: Context): SyncDeed {
  const local = lookAtLocal(join(places.home, item.link), places);
  const volume = lookAtVolume(join(places.data, item.target), places);
  return decide({ item, local, volume, places });
}

/** What an interrupted run left beside the item's place. */
function takeUp(item: SyncItem, { places }: Context): Merge | undefined {
  const local = lookAtLocal(join(places.home, item.link), places);
  if (local.kind === 'blocked' || local.kind === 'inside') return undefined;
  return recover(mergeOptions(item, places));
}

type Done = Omit<SyncAction, 'path' | 'target'>;

function carryOut(deed: SyncDeed, item: SyncItem, { places, dryRun }: Context): Done {
  const place = join(places.home, item.link);
  const dest = join(places.data, item.target);
  switch (deed.do) {
    case 'refuse':
      return { outcome: 'refused', reason: deed.why };
    case 'nothing':
      return { outcome: 'unchanged', reason: deed.why };
    case 'placeholder':
      if (!dryRun) {
        makePlaceholder(item, dest);
        if (deed.link) placeLink(place, dest);
        guard(item, places);
      }
      return { outcome: 'placeholder' };
    case 'link':
      if (!dryRun) {
        placeLink(place, dest);
        guard(item, places);
      }
      return { outcome: 'linked' };
    case 'move': {
      const options = mergeOptions(item, places);
      const { files, kept } = dryRun ? planMerge(options) : moveIn(options);
      if (!dryRun) guard(item, places);
      return { outcome: 'moved', files, ...(kept.length === 0 ? {} : { kept }) };
    }
  }
}

function mergeOptions(item: SyncItem, { home, data, made }: SyncPlaces): MergeOptions {
  const local = join(home, item.link);
  return {
    local,
    place: local,
    dest: join(data, item.target),
    // What came with the image gives way; what was written in this container is the newer.
    wins: (stats: BigIntStats) =>
      !item.flags.has('replace') && Number(stats.mtimeMs) >= made ? 'container' : 'volume',
    isPlaceholder: isPlaceholderFile,
  };
}

function makePlaceholder({ kind, flags }: SyncItem, dest: string): void {
  makeParents(dest);
  if (kind === 'directory') mkdirSync(dest);
  else writeFileSync(dest, flags.has('json-init') ? '{}\n' : '', { flag: 'wx', mode: 0o600 });
  if (kind === 'file' && !flags.has('secret')) chmodSync(dest, 0o644);
  own(dest);
}

/** A secret is for its owner alone, and so is the directory that holds it. */
function guard({ flags, target }: SyncItem, { data }: SyncPlaces): void {
  if (!flags.has('secret')) return;
  const dest = join(data, target);
  const stats = lstatSync(dest);
  if (stats.isFile()) chmodSync(dest, 0o600 | (stats.mode & 0o100));
  if (stats.isDirectory()) chmodSync(dest, 0o700);
  if (dirname(dest) !== data) chmodSync(dirname(dest), 0o700);
}

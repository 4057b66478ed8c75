/** From what is wanted at local paths to the steps that get there, in an order that works. Pure but for the history. */
import type { RefusedPath } from '../control/api.ts';
import type { Action } from '../replica/replica.ts';
import type { Store } from '../store/store.ts';
import type { DirectoryEntry, Entry, FileEntry } from '../tree/entry.ts';
import { sameContent } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { parentPath } from '../tree/path.ts';
import type { Core } from './core.ts';
import { isBusy, sideLook } from './core.ts';

/** One step; where a file's content comes from is found later. */
export type RewriteStep =
  | { readonly path: Path; readonly action: Exclude<Action, { type: 'write' }> }
  | {
      readonly path: Path;
      readonly write: { readonly expect: Entry | null; readonly entry: FileEntry };
    };

export interface RewritePlan {
  readonly steps: readonly RewriteStep[];
  readonly refused: readonly RefusedPath[];
}

type History = Pick<Store, 'history'>;

/** What clears the way goes first, then what is made, parents first; the other removals last. */
export function planRewrite(
  core: Core,
  store: History,
  entries: ReadonlyMap<Path, Entry | null>,
): RewritePlan {
  const refused: RefusedPath[] = [];
  const making = new Map<Path, Entry>();
  const removing = new Map<Path, Entry>();
  for (const [path, entry] of entries) {
    const present = sideLook(core, 'local', path);
    if (isBusy(core, path) || present?.kind === 'blocked') {
      refused.push({ path, reason: 'failed', message: 'it cannot be changed right now' });
      continue;
    }
    if (entry !== null) making.set(path, entry);
    if (present === null) continue;
    if (entry === null || (present.kind === 'directory' && entry.kind !== 'directory'))
      removing.set(path, present);
  }
  for (const [path, entry] of [...making]) {
    const fault = makeWay(core, store, path, making, removing);
    if (fault === undefined) continue;
    making.delete(path);
    if (entry.kind !== 'directory' || entries.has(path)) refused.push(fault);
  }
  const isCleared = (path: Path): boolean =>
    above(path).some((place) => making.has(place) && making.get(place)?.kind !== 'directory');
  const removals = [...removing].sort(([a], [b]) => (a < b ? 1 : -1));
  const steps: RewriteStep[] = [
    ...removals.filter(([path]) => isCleared(path)).map(toRemoval),
    ...[...making]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, entry]) => toMaking(core, path, entry, removing.has(path))),
    ...removals.filter(([path]) => !isCleared(path)).map(toRemoval),
  ];
  return { steps, refused };
}

/** The path itself and the directories that it is in. */
function above(path: Path): Path[] {
  const paths: Path[] = [];
  for (let place = path; place !== ''; place = parentPath(place)) paths.push(place);
  return paths;
}

/** Sees to the directories above a path: those that are gone are made again, as they were. */
function makeWay(
  core: Core,
  store: History,
  path: Path,
  making: Map<Path, Entry>,
  removing: Map<Path, Entry>,
): RefusedPath | undefined {
  for (const parent of above(parentPath(path))) {
    const present = sideLook(core, 'local', parent);
    if (present?.kind === 'directory') {
      removing.delete(parent);
      continue;
    }
    const wanted = making.get(parent);
    if (wanted?.kind === 'directory') continue;
    if (wanted !== undefined || (present !== null && !removing.has(parent)))
      return { path, reason: 'edited', message: `${parent} is no directory any more` };
    removing.delete(parent);
    making.set(parent, { kind: 'directory', mode: lastMode(store, parent) });
  }
  return undefined;
}

function lastMode(store: History, path: Path): number {
  const versions = store.history({ path, exact: true });
  const last = versions.find(({ entry }) => entry.kind === 'directory');
  return last?.entry.kind === 'directory' ? last.entry.mode : 0o755;
}

function toRemoval([path, expect]: readonly [Path, Entry]): RewriteStep {
  return { path, action: { type: 'remove', path, expect } };
}

function toMaking(core: Core, path: Path, entry: Entry, isRemoved: boolean): RewriteStep {
  const look = isRemoved ? null : sideLook(core, 'local', path);
  const expect = look?.kind === 'blocked' ? null : look;
  if (entry.kind === 'link') return { path, action: { type: 'link', path, expect, entry } };
  if (expect !== null && expect.kind !== 'link' && sameContent(expect, entry))
    return {
      path,
      action: { type: 'attributes', path, expect, entry: attributesOf(entry, expect) },
    };
  if (entry.kind === 'directory')
    return { path, action: { type: 'mkdir', path, expect, entry, exact: true } };
  // An edit of now, also for what goes by times.
  return { path, write: { expect, entry: { ...entry, mtime: Date.now() } } };
}

function attributesOf(
  entry: FileEntry | DirectoryEntry,
  present: FileEntry | DirectoryEntry,
): FileEntry | DirectoryEntry {
  return entry.kind === 'file' && present.kind === 'file'
    ? { ...present, executable: entry.executable, mode: entry.mode }
    : entry;
}

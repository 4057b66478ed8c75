/**
 * Compares what is to be with what stands in the volume, and says which steps lead there. Looks only;
 * an empty list of steps means that everything stands there already.
 */
import { join } from 'node:path';
import { CaiError } from '../../../errors.ts';
import { checkVolumePath, type VolumeEntry } from '../entry.ts';
import type { ResultList } from '../protocol.ts';
import { createParentCheck, inTheWay } from './disk.ts';
import { modeOf, type Staged } from './stage.ts';
import { digestOf, entryAt } from './walk.ts';

export interface Attributes {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly mtime: number;
}

/** One step of a switch. Each can be done again, and undone; see switch.ts. */
export type Step =
  /** What is staged as `id` comes to the path; what stands there goes aside. */
  | { readonly do: 'put'; readonly path: string; readonly id: number }
  /** A parent that nobody asked for. */
  | { readonly do: 'make'; readonly path: string }
  /** What stands there goes aside; a directory only when it is empty by then. */
  | { readonly do: 'drop'; readonly path: string }
  | {
      readonly do: 'dress';
      readonly path: string;
      readonly kind: 'file' | 'directory' | 'link';
      readonly want: Attributes;
      readonly was: Attributes;
    };

export interface Plan {
  readonly steps: readonly Step[];
  readonly lists: Readonly<Record<ResultList, readonly string[]>>;
  readonly unchanged: number;
}

interface Draft {
  readonly root: string;
  readonly steps: Step[];
  readonly lists: Record<ResultList, string[]>;
  /** Paths whose content will be another: what is below a replaced one does not exist afterwards. */
  readonly replaced: Set<string>;
  readonly touched: Set<string>;
  unchanged: number;
}

/** Throws NAME when something would have to go through a link or a file. */
export function planWrite(
  root: string,
  staged: ReadonlyMap<string, Staged>,
  remove: readonly string[],
): Plan {
  const draft: Draft = {
    root,
    steps: [],
    lists: { created: [], updated: [], attributes: [], removed: [], leftDirectories: [] },
    replaced: new Set(),
    touched: new Set(),
    unchanged: 0,
  };
  planRemovals(draft, remove, staged);
  const paths = [...staged.keys()].sort(byDepth);
  const made = new Set<string>();
  for (const path of paths) {
    planParents(draft, path, staged, made);
    planEntry(draft, staged.get(path) as Staged);
  }
  // Directories are dressed last, deepest first: every step in one changes its time.
  for (const path of paths.toReversed()) {
    const entry = staged.get(path) as Staged;
    if (entry.kind === 'directory') planDirectory(draft, entry);
  }
  return { steps: draft.steps, lists: draft.lists, unchanged: draft.unchanged };
}

function byDepth(a: string, b: string): number {
  return a.split('/').length - b.split('/').length || (a < b ? -1 : 1);
}

function planRemovals(
  draft: Draft,
  remove: readonly string[],
  staged: ReadonlyMap<string, Staged>,
): void {
  const real = createParentCheck(draft.root);
  const needed = new Set([...staged.keys()].flatMap(parentsOf));
  for (const path of [...new Set(remove)].sort(byDepth).reverse()) {
    checkVolumePath(path);
    if (staged.has(path)) throw new CaiError('NAME', `${path} is to be written and removed.`);
    const current = real(path) ? entryAt(draft.root, path) : undefined;
    if (current === undefined || (current.kind === 'directory' && needed.has(path))) continue;
    draft.steps.push({ do: 'drop', path });
    draft.lists.removed.push(path);
    if (current.kind !== 'directory') draft.replaced.add(path);
    touch(draft, path);
  }
}

function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('/'));
}

/** Every parent must be a directory, or become one. */
function planParents(
  draft: Draft,
  path: string,
  staged: ReadonlyMap<string, Staged>,
  made: Set<string>,
): void {
  for (const parent of parentsOf(path)) {
    if (made.has(parent)) continue;
    made.add(parent);
    const entry = staged.get(parent);
    if (entry !== undefined) {
      if (entry.kind !== 'directory') throw inTheWay(parent, `to be a ${entry.kind}`);
      continue;
    }
    const current = isReplaced(draft, parent) ? undefined : entryAt(draft.root, parent);
    if (current !== undefined && current.kind !== 'directory')
      throw inTheWay(parent, current.kind === 'other' ? `a ${current.what}` : `a ${current.kind}`);
    if (current !== undefined) continue;
    draft.steps.push({ do: 'make', path: parent });
    draft.replaced.add(parent);
    touch(draft, parent);
  }
}

function planEntry(draft: Draft, entry: Staged): void {
  const current = isReplaced(draft, entry.path) ? undefined : entryAt(draft.root, entry.path);
  if (current === undefined) {
    put(draft, entry, 'created');
    return;
  }
  if (entry.onlyNew === true) {
    draft.unchanged += 1;
    return;
  }
  const was = attributesOf(current);
  if (!sameContent(draft.root, entry, current)) put(draft, entry, 'updated');
  else if (entry.kind !== 'directory') dress(draft, entry, { want: wanted(entry, was), was });
}

/** An entry that has its content already. */
function dress(
  draft: Draft,
  { path, kind }: Staged,
  { want, was }: { readonly want: Attributes; readonly was: Attributes },
): void {
  if (sameAttributes(want, was)) {
    draft.unchanged += 1;
    return;
  }
  draft.lists.attributes.push(path);
  draft.steps.push({ do: 'dress', path, kind, want, was });
}

function put(draft: Draft, entry: Staged, list: 'created' | 'updated'): void {
  draft.steps.push({ do: 'put', path: entry.path, id: entry.id });
  draft.lists[list].push(entry.path);
  draft.replaced.add(entry.path);
  touch(draft, entry.path);
}

function touch(draft: Draft, path: string): void {
  draft.touched.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
}

function isReplaced({ replaced }: Draft, path: string): boolean {
  for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1))
    if (replaced.has(path.slice(0, at))) return true;
  return false;
}

function planDirectory(draft: Draft, entry: Staged): void {
  const { path, kind, mtime, uid, gid } = entry;
  if (isReplaced(draft, path)) {
    if (mtime === undefined) return;
    const want = { uid, gid, mode: modeOf(entry), mtime };
    draft.steps.push({ do: 'dress', path, kind, want, was: want });
    return;
  }
  const current = entryAt(draft.root, path);
  if (current?.kind !== 'directory' || entry.onlyNew === true) return;
  const was = attributesOf(current);
  const want = wanted(entry, was);
  dress(draft, entry, { want, was });
  if (mtime !== undefined && draft.touched.has(path) && sameAttributes(want, was))
    draft.steps.push({ do: 'dress', path, kind, want, was });
}

function sameContent(root: string, entry: Staged, current: VolumeEntry): boolean {
  if (entry.kind === 'directory') return current.kind === 'directory';
  if (entry.kind === 'link') return current.kind === 'link' && current.target === entry.target;
  return (
    current.kind === 'file' &&
    current.size === entry.size &&
    digestOf(join(root, entry.path)) === entry.digest
  );
}

function attributesOf(entry: VolumeEntry): Attributes {
  const { uid, gid, mtime } = entry;
  return { uid, gid, mtime, mode: 'mode' in entry ? entry.mode : 0o777 };
}

function wanted(entry: Staged, was: Attributes): Attributes {
  const { uid, gid } = entry;
  const mode = entry.kind === 'link' ? was.mode : modeOf(entry);
  return { uid, gid, mode, mtime: entry.mtime ?? was.mtime };
}

/** Archives hold whole seconds. */
function sameAttributes(a: Attributes, b: Attributes): boolean {
  const second = (ms: number) => Math.floor(ms / 1000);
  return (
    a.uid === b.uid && a.gid === b.gid && a.mode === b.mode && second(a.mtime) === second(b.mtime)
  );
}

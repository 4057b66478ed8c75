/**
 * For tests: trees written down as records, and a reference executor of plans that insists on every
 * precondition and notes whatever gives way.
 */
import { createHash } from 'node:crypto';
import {
  type Blocked,
  type BlockedReason,
  type Digest,
  type DirectoryEntry,
  type Entry,
  type FileEntry,
  type LinkEntry,
  type Look,
  type ModePolicy,
  sameEntry,
} from './entry.ts';
import { isWithin, joinPath, type Path, parentPath } from './path.ts';
import type { Plan, PlannedAction, PlannedActions } from './reconcile.ts';
import { Tree } from './tree.ts';

/** A side as it would be found on disk. */
export type Picture = ReadonlyMap<Path, Look>;

/** A text is a file of that content, a record a directory, null nothing. */
export interface Sketch {
  readonly [name: string]: Sketch | Look | string;
}

export function digestOf(text: string): Digest {
  return createHash('sha256').update(text).digest('hex');
}

export function file(
  text: string,
  options: Partial<Omit<FileEntry, 'kind' | 'digest' | 'size'>> = {},
): FileEntry {
  const executable = options.executable ?? false;
  return {
    kind: 'file',
    digest: digestOf(text),
    size: text.length,
    executable,
    mode: options.mode ?? (executable ? 0o755 : 0o644),
    mtime: options.mtime ?? 1_700_000_000_000.5,
  };
}

export function link(target: string): LinkEntry {
  return { kind: 'link', target };
}

export function directory(mode = 0o755): DirectoryEntry {
  return { kind: 'directory', mode };
}

export function blocked(why: BlockedReason = 'unreadable'): Blocked {
  return { kind: 'blocked', why, message: why };
}

export function picture(sketch: Sketch): Picture {
  const found = new Map<Path, Look>();
  const draw = (at: Path, part: Sketch): void => {
    for (const [name, value] of Object.entries(part)) {
      const path = joinPath(at, name);
      if (value === null) continue;
      if (typeof value === 'string') found.set(path, file(value));
      else if (isLook(value)) found.set(path, value);
      else {
        found.set(path, directory());
        draw(path, value);
      }
    }
  };
  draw('', sketch);
  return found;
}

function isLook(value: object): value is Exclude<Look, null> {
  return 'kind' in value && typeof value.kind === 'string';
}

/** The tree of a picture; a base holds nothing that is blocked. */
export function treeOf(of: Picture): Tree {
  const tree = new Tree();
  for (const [path, look] of of) {
    if (look !== null && look.kind !== 'blocked') tree.set(path, look);
  }
  return tree;
}

/** What a replica would tell; `terse` leaves out what is below a directory that went. */
export function changesOf(
  base: Tree,
  now: Picture,
  modes: ModePolicy,
  terse = false,
): Map<Path, Look> {
  const changes = new Map<Path, Look>();
  for (const [path, look] of now)
    if (!sameEntry(look, base.get(path), modes)) changes.set(path, look);
  for (const [path] of base.entries()) {
    if (now.has(path)) continue;
    const parent = parentPath(path);
    const holder = parent === '' ? directory() : now.get(parent);
    if (holder?.kind === 'directory' || (!terse && !isBelowBlocked(now, path)))
      changes.set(path, null);
  }
  return changes;
}

function isBelowBlocked(now: Picture, path: Path): boolean {
  for (let at = parentPath(path); at !== ''; at = parentPath(at)) {
    if (now.get(at)?.kind === 'blocked') return true;
  }
  return false;
}

export interface State {
  readonly base: Tree;
  readonly local: Picture;
  readonly container: Picture;
}

export interface Applied extends State {
  /** What actions replaced or removed: what the session would put into history. */
  readonly displaced: readonly Entry[];
}

/** Carries a plan out on both sides; the base takes what both are then seen to hold. */
export function applyPlan(
  state: State,
  plan: Pick<Plan, 'actions' | 'agreed'>,
  modes: ModePolicy,
): Applied {
  const displaced: Entry[] = [];
  const local = perform(state.local, plan.actions.local, modes, displaced);
  const container = perform(state.container, plan.actions.container, modes, displaced);
  const base = Tree.from(state.base.entries());
  for (const [path, entry] of plan.agreed) {
    const seen = [state.local.get(path) ?? null, state.container.get(path) ?? null];
    const isSeen = seen.every(
      (look) => sameEntry(look, entry, 'full') || sameEntry(look, entry, modes),
    );
    // A directory may be agreed on before its mode is.
    const isHeld = entry?.kind === 'directory' && seen.every((look) => look?.kind === 'directory');
    if (!isSeen && !isHeld) throw new Error(`agreed, but not the same on both sides: ${path}`);
    base.set(path, entry);
  }
  for (const path of touched(plan.actions)) {
    const look = local.get(path) ?? null;
    if (look?.kind !== 'blocked' && sameEntry(look, container.get(path) ?? null, modes))
      base.set(path, look);
  }
  return { base, local, container, displaced };
}

function touched(actions: PlannedActions): Path[] {
  const paths = [...actions.local, ...actions.container].map((action) => action.path);
  return [...new Set(paths)].sort();
}

function perform(
  before: Picture,
  actions: readonly PlannedAction[],
  modes: ModePolicy,
  displaced: Entry[],
): Picture {
  const now = new Map(before);
  for (const action of actions) {
    const { path } = action;
    const there = now.get(path) ?? null;
    const expected =
      action.expect === null ? there === null : sameEntry(there, action.expect, modes);
    const parent = parentPath(path);
    if (!expected) throw new Error(`${action.type} ${path}: something else is there`);
    if (parent !== '' && now.get(parent)?.kind !== 'directory')
      throw new Error(`no directory for ${path}`);
    if (action.type === 'attributes') {
      now.set(path, action.entry);
      continue;
    }
    if (there?.kind === 'directory') {
      if (action.type !== 'remove') throw new Error(`${action.type} over the directory ${path}`);
      const inside = [...now.keys()].filter((other) => other !== path && isWithin(path, other));
      if (inside.length > 0) throw new Error(`not empty: ${path} (${inside.join(' ')})`);
    } else if (there !== null && there.kind !== 'blocked') displaced.push(there);
    if (action.type === 'mkdir' && there !== null) throw new Error(`mkdir over ${path}`);
    if (action.type === 'remove') now.delete(path);
    else now.set(path, action.entry);
  }
  return now;
}

/** For comparisons and messages: one line a path. */
export function show(now: Iterable<readonly [Path, Look]>): string {
  const lines: string[] = [];
  for (const [path, look] of now) {
    if (look?.kind === 'file') {
      lines.push(
        `${path} = ${look.digest.slice(0, 6)}${look.executable ? '*' : ''} @${look.mtime}`,
      );
    } else if (look?.kind === 'link') lines.push(`${path} -> ${look.target}`);
    else if (look?.kind === 'directory') lines.push(`${path}/ ${look.mode.toString(8)}`);
    else lines.push(`${path} ${look?.kind ?? 'nothing'}`);
  }
  return lines.sort().join('\n');
}

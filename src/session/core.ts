/**
 * What a session knows at a moment: the base, how each side differs from it, and what is waiting.
 * The one place where these change together, so that "base plus changes = the side's tree" always
 * holds (invariant 3).
 */
import type { SessionOptions } from '../control/api.ts';
import type { Replica } from '../replica/replica.ts';
import type { Digest, Entry, Look } from '../tree/entry.ts';
import { sameContent, sameEntry } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { parentPath, pathsAbove } from '../tree/path.ts';
import { PathSet } from '../tree/path-set.ts';
import { Rules } from '../tree/rules.ts';
import { Tree } from '../tree/tree.ts';

/** One path on one side that is not as the base has it. */
export interface Change {
  readonly look: Look;
  /** First notice of the change, milliseconds of performance.now(). */
  readonly since: number;
  /** Content, while it is at hand. */
  readonly bytes?: Uint8Array;
  /** Who was at work there when it was noticed. */
  readonly by?: string;
}

export interface SideState {
  /** Absent while the link is down. */
  replica: Replica | undefined;
  readonly changes: Map<Path, Change>;
  /** The looks of `changes`, as reconcile wants them. */
  readonly looks: Map<Path, Look>;
  /** The configuration's rules with this side's own ignore files. */
  rules: Rules;
  /** Directories that stay here only because of ignored names in them; taken as absent. */
  readonly leftovers: Map<Path, readonly string[]>;
  readonly secrets: Set<Path>;
  /** What actions were to make here that were sent, and that nobody answered since the link broke. */
  readonly unanswered: Map<Path, Look[]>;
  /** Paths that could not be looked at and can be again; what was known below them is to be compared (regained.ts). */
  readonly regained: Set<Path>;
}

export interface Core {
  readonly options: SessionOptions;
  base: Tree;
  readonly sides: Readonly<Record<Side, SideState>>;
  /** Paths to decide on in the next cycle. */
  readonly dirty: Set<Path>;
  /** Paths whose large content is on its way; left alone until it is there. */
  readonly inFlight: PathSet;
  /** Files that came to new paths: their contents, and when (milliseconds since 1970); the newest of them. */
  readonly createdLately: Map<Path, { readonly digest: Digest; readonly time: number }>;
  /** Removals that wait for a person. */
  readonly held: Set<Path>;
  /** Paths that went back in time on a side, and what stands there; they wait for a person too. */
  readonly aged: Map<Path, { readonly side: Side; readonly look: Look }>;
  /** Contents of files that came to be on both sides while removals wait: such a removal was half of a move. */
  readonly arrivedWhileHeld: Set<Digest>;
  /** Changes of the base that are not in the store yet. */
  readonly uncommitted: Map<Path, Entry | null>;
  /** Manual local changes that were asked for and are not over yet. */
  readonly released: Set<Path>;
  /** No base was known: the host leads until both sides are the same once. */
  hostLeads: boolean;
  /** Bytes of contents in `changes`. */
  buffered: number;
  /** Gets the contents on which the sides come to agree, where they are at hand. */
  onAgreed: (digest: Digest, bytes: Uint8Array) => void;
  /** Who is at work on a path of a side now. */
  atWork: (side: Side, path: Path) => string | undefined;
}

export function createCore(options: SessionOptions): Core {
  return {
    options,
    base: new Tree(),
    sides: { local: createSide(options), container: createSide(options) },
    dirty: new Set(),
    inFlight: new PathSet(),
    createdLately: new Map(),
    held: new Set(),
    aged: new Map(),
    arrivedWhileHeld: new Set(),
    uncommitted: new Map(),
    released: new Set(),
    hostLeads: false,
    buffered: 0,
    onAgreed: () => undefined,
    atWork: () => undefined,
  };
}

function createSide(options: SessionOptions): SideState {
  return {
    replica: undefined,
    changes: new Map(),
    looks: new Map(),
    rules: new Rules(options),
    leftovers: new Map(),
    secrets: new Set(),
    unanswered: new Map(),
    regained: new Set(),
  };
}

/** What stands at a path on a side, as far as the session was told. */
export function sideLook(core: Core, side: Side, path: Path): Look {
  const change = core.sides[side].changes.get(path);
  return change === undefined ? core.base.get(path) : change.look;
}

/** Notes what stands at a path on a side. True when that differs from the base. */
export function setSide(
  core: Core,
  side: Side,
  path: Path,
  look: Look,
  notice: { readonly since: number; readonly bytes?: Uint8Array },
): boolean {
  const state = core.sides[side];
  const before = state.changes.get(path);
  const effective = withoutLeftover(state, path, look);
  if (before?.look?.kind === 'blocked' && effective?.kind !== 'blocked') state.regained.add(path);
  core.buffered -= before?.bytes?.length ?? 0;
  if (sameEntry(effective, core.base.get(path), core.options.modes)) {
    state.changes.delete(path);
    state.looks.delete(path);
    if (side === 'local') {
      core.released.delete(path);
      rememberMode(core, path, effective);
    }
    return false;
  }
  const bytes = notice.bytes ?? keptBytes(before, effective);
  // What is told once more is as old as it was, and whose it was.
  const known = before !== undefined && sameContent(before.look, effective) ? before : undefined;
  const since = known?.since ?? notice.since;
  const by = known === undefined ? core.atWork(side, path) : known.by;
  state.changes.set(path, {
    look: effective,
    since,
    ...(bytes === undefined ? {} : { bytes }),
    ...(by === undefined ? {} : { by }),
  });
  state.looks.set(path, effective);
  core.buffered += bytes?.length ?? 0;
  return true;
}

/** The permissions of a local directory need not travel, but are its own when an undo brings it back. */
function rememberMode(core: Core, path: Path, look: Look): void {
  const known = core.base.get(path);
  if (look?.kind !== 'directory' || known?.kind !== 'directory' || look.mode === known.mode) return;
  core.base.set(path, look);
  core.uncommitted.set(path, look);
}

function keptBytes(before: Change | undefined, look: Look): Uint8Array | undefined {
  return before?.bytes !== undefined && sameContent(before.look, look) ? before.bytes : undefined;
}

/** A directory that stays only for ignored content counts as absent, until something else is in it. */
function withoutLeftover(state: SideState, path: Path, look: Look): Look {
  if (state.leftovers.size === 0) return look;
  if (look?.kind === 'directory' && state.leftovers.has(path)) return null;
  return look;
}

/** Something that is synchronised appeared below a leftover: the directory counts again. */
export function reviveLeftovers(core: Core, side: Side, path: Path): void {
  const state = core.sides[side];
  if (state.leftovers.size === 0) return;
  for (const parent of pathsAbove(path)) {
    if (!state.leftovers.delete(parent)) continue;
    setSide(core, side, parent, { kind: 'directory', mode: 0o755 }, { since: performance.now() });
    core.dirty.add(parent);
  }
}

/**
 * Both sides hold this (null: nothing) at the path: the base takes it. What the base had below a
 * path that is no directory now cannot be on either side, and goes with it.
 */
export function agree(core: Core, path: Path, entry: Entry | null): void {
  if (entry !== null && !parentInBase(core, path)) return;
  const notice = { since: performance.now() };
  const looks = {
    local: sideLook(core, 'local', path),
    container: sideLook(core, 'container', path),
  };
  if (entry?.kind !== 'directory')
    for (const [below] of [...core.base.entries(path)].reverse()) forgetOne(core, below);
  if (core.held.size > 0 && entry?.kind === 'file' && core.base.get(path) === null)
    core.arrivedWhileHeld.add(entry.digest);
  core.base.set(path, entry);
  core.uncommitted.set(path, entry);
  if (entry?.kind === 'file') tellContent(core, path, entry.digest);
  setSide(core, 'local', path, looks.local, notice);
  setSide(core, 'container', path, looks.container, notice);
}

function tellContent(core: Core, path: Path, digest: Digest): void {
  for (const side of ['local', 'container'] as const) {
    const change = core.sides[side].changes.get(path);
    if (change?.bytes === undefined || change.look?.kind !== 'file') continue;
    if (change.look.digest !== digest) continue;
    core.onAgreed(digest, change.bytes);
    return;
  }
}

function parentInBase(core: Core, path: Path): boolean {
  const parent = parentPath(path);
  return parent === '' || core.base.get(parent)?.kind === 'directory';
}

/** Takes a path and all below it out of the base and out of sight; nothing happens on either disk. */
export function forget(core: Core, path: Path): void {
  for (const [below] of [...core.base.entries(path)].reverse()) forgetOne(core, below);
  forgetOne(core, path);
}

function forgetOne(core: Core, path: Path): void {
  if (core.base.get(path) !== null) {
    core.base.set(path, null);
    core.uncommitted.set(path, null);
  }
  core.dirty.delete(path);
  core.released.delete(path);
  for (const side of ['local', 'container'] as const) {
    const state = core.sides[side];
    core.buffered -= state.changes.get(path)?.bytes?.length ?? 0;
    state.changes.delete(path);
    state.looks.delete(path);
  }
}

/** True when either side's rules leave the path out. */
export function isExcluded(core: Core, path: Path, isDirectory: boolean): boolean {
  const { local, container } = core.sides;
  return (
    local.rules.fullVerdict(path, isDirectory).excluded ||
    container.rules.fullVerdict(path, isDirectory).excluded
  );
}

/** True when a large content is on its way to the path, to something in it, or to its parents. */
export function isBusy(core: Core, path: Path): boolean {
  return core.inFlight.touches(path);
}

/** No large content is on its way to the path any more: it is decided on, and so is what was left alone because of it. */
export function freePath(core: Core, path: Path): boolean {
  if (!core.inFlight.delete(path)) return false;
  core.dirty.add(path);
  // What is below is decided together with the path; a directory above, whose mode changed, is not.
  for (const above of pathsAbove(path)) if (hasChange(core, above)) core.dirty.add(above);
  return true;
}

/** Both sides are noted as they are; when they are the same now, the base follows. */
export function settlePath(core: Core, path: Path): boolean {
  const local = sideLook(core, 'local', path);
  const container = sideLook(core, 'container', path);
  if (local?.kind === 'blocked' || container?.kind === 'blocked') return false;
  if (!sameEntry(local, container, core.options.modes)) return false;
  if (!sameEntry(local, core.base.get(path), core.options.modes) || local === null)
    agree(core, path, local);
  return true;
}

/** True when the path on either side is not as the base has it. */
export function hasChange(core: Core, path: Path): boolean {
  return core.sides.local.changes.has(path) || core.sides.container.changes.has(path);
}

export function pendingCount(core: Core): number {
  return core.sides.local.changes.size + core.sides.container.changes.size;
}

/**
 * The changed paths as a trie, and a side's picture of a path through it: its change where it has
 * one, the base's entry where it has none, nothing where its parent is no directory.
 */
import type { Look } from './entry.ts';
import { joinPath, type Path, parentPath, type Side } from './path.ts';
import type { ReconcileInput } from './reconcile.ts';
import type { Tree } from './tree.ts';

/** A place in the trie. A side that has no change there is undefined. */
export interface ChangeNode {
  local?: Look;
  container?: Look;
  children?: Map<string, ChangeNode>;
}

/** The trie of all changes that are to be decided. */
export function openChanges(input: ReconcileInput): ChangeNode {
  const root: ChangeNode = {};
  const chosen = input.paths === undefined ? undefined : chosenPaths(input, input.paths);
  for (const side of ['local', 'container'] as const) {
    for (const [path, look] of pick(input.changes[side], chosen)) {
      if (path !== '') place(root, path)[side] = look;
    }
  }
  return root;
}

function place(root: ChangeNode, path: Path): ChangeNode {
  let node = root;
  for (const name of path.split('/')) {
    node.children ??= new Map();
    let next = node.children.get(name);
    if (next === undefined) {
      next = {};
      node.children.set(name, next);
    }
    node = next;
  }
  return node;
}

interface Chosen {
  readonly single: ReadonlySet<Path>;
  /** With all that is below them. */
  readonly whole: ReadonlySet<Path>;
}

function* pick(
  changes: ReadonlyMap<Path, Look>,
  chosen: Chosen | undefined,
): Generator<readonly [Path, Look]> {
  if (chosen === undefined) {
    yield* changes;
    return;
  }
  for (const path of chosen.single) {
    const look = changes.get(path);
    if (look !== undefined) yield [path, look];
  }
  if (chosen.whole.size === 0) return;
  for (const change of changes) {
    if ([...ancestors(change[0])].some((path) => chosen.whole.has(path))) yield change;
  }
}

/**
 * A path can be decided by itself when all its ancestors are directories everywhere. Where one
 * appeared, vanished or became something else, what is below it hangs together.
 */
function chosenPaths(input: ReconcileInput, paths: Iterable<Path>): Chosen {
  const single = new Set<Path>();
  const whole = new Set<Path>();
  for (const path of paths) {
    const top = [...ancestors(path)].find((at) => !isPlain(input, at));
    if (top === undefined) single.add(path);
    else whole.add(top);
  }
  return { single, whole };
}

/** From the top, the path itself last. */
function ancestors(path: Path): Path[] {
  const found: Path[] = [];
  for (let at = path; at !== ''; at = parentPath(at)) found.push(at);
  return found.reverse();
}

/** True where base and sides are all directories, or none is. */
function isPlain(input: ReconcileInput, path: Path): boolean {
  const base = input.base.get(path);
  const all = [base, lookAt(input, 'local', path), lookAt(input, 'container', path)];
  const directories = all.filter((look) => look?.kind === 'directory').length;
  return directories === 0 || directories === all.length;
}

function lookAt(input: ReconcileInput, side: Side, path: Path): Look {
  const change = input.changes[side].get(path);
  return change === undefined ? input.base.get(path) : change;
}

/** What stands at a path on a side, given what stands at its parent. */
export function lookBelow(options: {
  readonly base: Tree;
  readonly side: Side;
  readonly path: Path;
  readonly node: ChangeNode | undefined;
  readonly parent: Look;
}): Look {
  if (options.parent?.kind !== 'directory') return null;
  const change = options.node?.[options.side];
  return change === undefined ? options.base.get(options.path) : change;
}

/** Names below a path that changed, and those of the base too if `all`; sorted. */
export function namesBelow(
  base: Tree,
  path: Path,
  node: ChangeNode | undefined,
  all: boolean,
): string[] {
  const names = new Set(node?.children?.keys());
  if (all) for (const name of base.names(path)) names.add(name);
  return [...names].sort();
}

/**
 * Everything below a directory of a side, a directory before what is in it; null where the base has
 * something that this side has not. What is below a blocked path is unknown and left out.
 */
export function* everythingBelow(options: {
  readonly base: Tree;
  readonly side: Side;
  readonly path: Path;
  readonly node: ChangeNode | undefined;
  readonly look: Look;
}): Generator<readonly [Path, Look]> {
  const { base, side, path, node } = options;
  for (const name of namesBelow(base, path, node, true)) {
    const at = joinPath(path, name);
    const child = node?.children?.get(name);
    const look = lookBelow({ base, side, path: at, node: child, parent: options.look });
    if (look === null && base.get(at) === null) continue;
    yield [at, look];
    if (look?.kind !== 'blocked')
      yield* everythingBelow({ base, side, path: at, node: child, look });
  }
}

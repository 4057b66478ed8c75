/**
 * Walks directories: arms the watch, reads the names, looks at each of them, brings it all into the
 * picture and tells what was found. A directory is told before what is in it, and only once its names
 * could be read: one that cannot be read is blocked, never empty (invariant 1).
 */
import { CaiError } from '../errors.ts';
import type { Look } from '../tree/entry.ts';
import { joinPath, type Path } from '../tree/path.ts';
import { isRuleFile } from '../tree/rules.ts';
import { diskPath, type Name, readNames } from './disk-path.ts';
import { isAbsence } from './fs-port.ts';
import { type Found, lookNow, lookPatiently, unreadable } from './look.ts';
import { type DirectoryNode, type FileNode, lookOf, type Node } from './nodes.ts';
import { readRuleFiles } from './rule-files.ts';
import type { Slice } from './slice.ts';
import { adopt, bytesToTell, dropTold, lookTask, type Teller, type View } from './view.ts';

/** Milliseconds in which an empty file is believed, or is written to again and again. */
const emptyPatience = 100;

export interface Walk {
  readonly view: View;
  readonly teller: Teller;
  readonly slice: Slice;
  /** Into directories that are known already, too. */
  readonly deep: boolean;
  /** Watch directories anew although they are watched: their watches may be those of dead inodes. */
  readonly rearm?: boolean;
  /** How long a file that keeps changing is waited for. */
  readonly patience: number;
  /** Attach contents of small files. */
  readonly contents: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Takes files that have further names, found on the way. */
  readonly onLinked?: (node: FileNode, names: number) => void;
  /** Called between looks; may let others change the picture before it resolves. */
  readonly between?: () => Promise<void> | undefined;
}

export interface Visit {
  readonly node: DirectoryNode;
  readonly path: Path;
  /** What the picture had at the path; undefined when the directory need not be told. */
  readonly before?: Look;
  readonly changed: boolean;
  /** Where the same directory was seen before: what is in it need not be read again. */
  readonly twin?: DirectoryNode | undefined;
}

/** Walks from one directory downwards. */
export async function walk(options: Walk, start: Visit): Promise<void> {
  const stack = [start];
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    if (!isAttached(options.view, visit.node)) continue;
    const children = await visitDirectory(options, visit);
    for (const child of children.reverse()) stack.push(child);
    await rest(options);
  }
}

async function visitDirectory(options: Walk, visit: Visit): Promise<Visit[]> {
  const { view, teller } = options;
  const { node, path } = visit;
  const names = openDirectory(options, visit);
  if (names === undefined) return [];
  if (path !== '' && (teller.all || visit.changed)) teller.tell(path, lookOf(node));
  const known = new Set(names.map((name) => name.name));
  const rules = await readRuleFiles(view, node, path, known);
  const inside: Inside = {
    visit,
    rules: rules.files,
    deep: options.deep || rules.changed,
    present: new Set(),
    secrets: new Set(),
    visits: [],
  };
  let count = 0;
  for (const name of rulesFirst(names, rules.files)) {
    await visitName(options, inside, name);
    if (!isAttached(view, node)) return [];
    if (++count % 32 === 0) await rest(options);
    if (!isAttached(view, node)) return [];
  }
  // To a look it is no news that what came back stands there: a scan has to tell it.
  for (const child of dropMissing(options, visit, known, inside.present)) {
    if (!teller.all || child.parent !== node) continue;
    const isPresent = await visitName(options, inside, nameOf(child));
    if (!isAttached(view, node)) return [];
    if (!isPresent) dropGone(options, node.children.get(child.name), joinPath(path, child.name));
  }
  noteSecrets(options, visit, inside.secrets);
  return inside.visits;
}

/** What is known so far of a directory that is being visited. */
interface Inside {
  readonly visit: Visit;
  readonly rules: ReadonlyMap<string, Found>;
  readonly deep: boolean;
  readonly present: Set<string>;
  readonly secrets: Set<string>;
  readonly visits: Visit[];
}

/** Looks at one name, and brings in what it finds; false when nothing stands there. */
async function visitName(options: Walk, inside: Inside, name: Name): Promise<boolean> {
  const { view } = options;
  const { visit, rules, deep, present, secrets, visits } = inside;
  const at = joinPath(visit.path, name.name);
  const verdict = view.rules.verdict(at, name.isDirectory());
  if (verdict.excluded) {
    if (verdict.by === 'secret') secrets.add(name.name);
    return true;
  }
  const found = rules.get(name.name) ?? (await lookAt(options, visit, name.name, at));
  if (!isAttached(view, visit.node)) return false;
  if (found.kind === 'absent') return false;
  present.add(name.name);
  const child = take({ options, visit, name: name.name, at, found, deep });
  if (child !== undefined) visits.push(child);
  return true;
}

function nameOf(node: Node): Name {
  return { name: node.name, isDirectory: () => node.kind === 'directory' };
}

/** Arms the watch, then reads the names: what comes in between is hinted at. */
function openDirectory(options: Walk, visit: Visit): readonly Name[] | undefined {
  const { view, teller } = options;
  const { node, path } = visit;
  if (node.watch === undefined || node.stale || options.rearm) view.watcher.arm(node, path);
  try {
    return readNames(view.disk, path);
  } catch (error) {
    if (path === '') throw error;
    const { parent } = node;
    if (isAbsence(error) || parent === undefined) {
      // The directory above is watched, and tells. One that was not told must not stay, though: another one in its
      // place would be no news to a look. (A scan has told none before its visit.)
      if (visit.changed || teller.all) {
        dropTold(view, node, teller);
        if (visit.before) teller.gone(path);
      }
      return undefined;
    }
    const found = unreadable(path, error);
    if (found.kind !== 'blocked') return undefined;
    adopt(view, parent, node.name, found, teller);
    const same = visit.before?.kind === 'blocked' && visit.before.why === found.why;
    if (teller.all || !same) teller.tell(path, found);
    view.onRetry(path, 'unreadable');
    return undefined;
  }
}

function rulesFirst(names: readonly Name[], files: ReadonlyMap<string, Found>): readonly Name[] {
  if (files.size === 0) return names;
  const first = names.filter((name) => files.has(name.name));
  return [...first, ...names.filter((name) => !files.has(name.name))];
}

async function lookAt(options: Walk, visit: Visit, name: string, at: Path): Promise<Found> {
  const { view } = options;
  // A moved directory's file bears the signature that it had where it was: no need to read it again.
  const known = visit.node.children.get(name) ?? visit.twin?.children.get(name);
  const task = lookTask(view, at, known);
  const found = lookNow(options.contents ? task : { ...task, keepUpTo: 0 });
  if (found.kind !== 'later') return found;
  // A new directory's empty file only has to get a little older to be believed.
  const patience = found.stat.size === 0 ? emptyPatience : 0;
  return lookPatiently(task, Math.max(options.patience, patience));
}

interface Taken {
  readonly options: Walk;
  readonly visit: Visit;
  readonly name: string;
  readonly at: Path;
  readonly found: Exclude<Found, { kind: 'absent' }>;
  readonly deep: boolean;
}

/** Brings one name into the picture; answers with a visit when it has to be walked itself. */
function take({ options, visit, name, at, found, deep }: Taken): Visit | undefined {
  const { view, teller } = options;
  const known = visit.node.children.get(name);
  const bytes = contentToTell(options, found, known, isRuleFile(name));
  const { node, before, changed, fresh } = adopt(view, visit.node, name, found, teller);
  if (found.kind === 'blocked') retry(view, at, found.why);
  if (node.kind === 'file' && found.kind === 'file' && found.stat.nlink > 1) {
    options.onLinked?.(node, found.stat.nlink);
  }
  if (node.kind === 'directory' && (fresh || deep)) {
    const twin = fresh ? findTwin(view, visit, node) : undefined;
    return { node, path: at, before, changed: changed || before === null, twin };
  }
  if (teller.all || changed) teller.tell(at, lookOf(node), bytes);
  return undefined;
}

/** Ignore files always have theirs; otherwise a scan tells all that it read, a look what may be news. */
function contentToTell(
  { view, teller, contents }: Walk,
  found: Found,
  known: Node | undefined,
  isRules: boolean,
): Uint8Array | undefined {
  if (found.kind !== 'file') return undefined;
  if (isRules) return found.bytes;
  if (!contents) return undefined;
  return teller.all ? found.bytes : bytesToTell(view, found, known);
}

/** Where a directory stood before it moved here: below the twin of its parent, under the same name. */
function findTwin(view: View, visit: Visit, node: DirectoryNode): DirectoryNode | undefined {
  const twin = visit.twin?.children.get(node.name);
  if (twin?.kind !== 'directory' || twin.ino !== node.ino) return undefined;
  return isAttached(view, twin) ? twin : undefined;
}

export function retry(view: View, path: Path, why: string): void {
  if (why === 'unstable' || why === 'unreadable') view.onRetry(path, why);
}

/**
 * What is excluded now leaves the picture silently; what is gone is told. Answers with what stands there
 * although its name was not read: it came afterwards.
 */
function dropMissing(
  options: Walk,
  { node, path }: Visit,
  names: ReadonlySet<string>,
  present: ReadonlySet<string>,
): readonly Node[] {
  const { view } = options;
  const late: Node[] = [];
  for (const child of [...node.children.values()]) {
    if (present.has(child.name)) continue;
    const at = joinPath(path, child.name);
    if (view.rules.verdict(at, child.kind === 'directory').excluded) view.picture.drop(child);
    else if (names.has(child.name) || !exists(view, at)) dropGone(options, child, at);
    else late.push(child);
  }
  return late;
}

function dropGone({ view, teller }: Walk, node: Node | undefined, path: Path): void {
  if (node !== undefined) dropTold(view, node, teller);
  teller.gone(path);
}

function exists(view: View, path: Path): boolean {
  try {
    const at = diskPath(view.disk, path);
    return view.disk.fs.lstatSync(at, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return !isAbsence(error);
  }
}

function noteSecrets({ view, teller }: Walk, { node, path }: Visit, secrets: Set<string>): void {
  if (!teller.all) {
    for (const name of secrets) {
      if (!node.secrets?.has(name)) view.onSecret(joinPath(path, name), true);
    }
    for (const name of node.secrets ?? []) {
      if (!secrets.has(name)) view.onSecret(joinPath(path, name), false);
    }
  }
  node.secrets = secrets.size > 0 ? secrets : undefined;
}

function isAttached(view: View, node: DirectoryNode): boolean {
  return node.parent !== undefined || node === view.picture.root;
}

async function rest({ slice, signal, between }: Walk): Promise<void> {
  if (signal?.aborted) throw new CaiError('CANCELLED', 'The scan was cancelled.');
  await between?.();
  if (slice.over()) await slice.next();
}

/**
 * Carries out a plan so that it is all or nothing. The journal is complete and on the disk before the
 * first step; from then on whoever comes next goes on with it. What gives way is kept until all is done.
 * Every step can be done again and undone, judged only by what stands where.
 */
import type * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { agentUser } from '../../../docker/agent-places.ts';
import { volumePathFault } from '../entry.ts';
import type { Recovered } from '../protocol.ts';
import { areaOf, inTheWay } from './disk.ts';
import type { Attributes, Step } from './plan.ts';
import { newPlace, oldPlace } from './stage.ts';

/** The system calls of a switch; a test can make any of them fail. */
export type SwitchFs = Pick<
  typeof nodeFs,
  | 'chmodSync'
  | 'closeSync'
  | 'fsyncSync'
  | 'lchownSync'
  | 'lstatSync'
  | 'lutimesSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readFileSync'
  | 'readdirSync'
  | 'renameSync'
  | 'rmSync'
  | 'rmdirSync'
  | 'unlinkSync'
  | 'writeSync'
>;

export interface SwitchOptions {
  readonly root: string;
  readonly fs: SwitchFs;
}

interface Work extends SwitchOptions {
  readonly left: string[];
}

/** Answers with the directories that were to go and were not empty. When a step fails, those before it are undone. */
export function carryOut(steps: readonly Step[], options: SwitchOptions): readonly string[] {
  if (steps.length === 0) {
    clear(options);
    return [];
  }
  writeJournal(steps, options);
  const work = { ...options, left: [] };
  run(steps, work);
  finish(options);
  return work.left;
}

/** Sees to what an interrupted write left in the volume. */
export function recover(options: SwitchOptions): Recovered {
  const { root, fs } = options;
  if (!exists(fs, areaOf(root))) return 'nothing';
  const steps = readJournal(options);
  if (steps === undefined) {
    const done = isFullDirectory(fs, join(areaOf(root), 'old'));
    clear(options);
    return done ? 'completed' : 'rolled-back';
  }
  run(steps, { ...options, left: [] });
  finish(options);
  return 'completed';
}

function run(steps: readonly Step[], work: Work): void {
  let taken = 0;
  try {
    for (const [index, step] of steps.entries()) {
      taken = index + 1;
      redo(step, index, work);
    }
  } catch (error) {
    for (const [index, step] of [...steps.entries()].slice(0, taken).reverse())
      undo(step, index, work);
    finish(work);
    throw error;
  }
}

function redo(step: Step, index: number, work: Work): void {
  const { root, fs } = work;
  if (!isReachable(step.path, work)) {
    // A later step has replaced a parent already; nothing is put where no directory is.
    if (step.do === 'drop' || step.do === 'dress') return;
    throw inTheWay(step.path, 'no longer in a directory');
  }
  const place = join(root, step.path);
  switch (step.do) {
    case 'make':
      if (exists(fs, place)) return;
      fs.mkdirSync(place, { mode: 0o755 });
      fs.chmodSync(place, 0o755);
      fs.lchownSync(place, agentUser.uid, agentUser.gid);
      return;
    case 'put':
      if (!exists(fs, newPlace(root, step.id))) return;
      putAside(place, index, work);
      fs.renameSync(newPlace(root, step.id), place);
      return;
    case 'drop':
      if (isFullDirectory(fs, place)) {
        work.left.push(step.path);
        return;
      }
      putAside(place, index, work);
      return;
    case 'dress':
      dress(step, step.want, work);
      return;
  }
}

/** What appeared at the path after the first look also goes aside; it is not written over. */
function putAside(place: string, index: number, { root, fs }: Work): void {
  if (!exists(fs, place)) return;
  const aside = oldPlace(root, index);
  fs.renameSync(place, exists(fs, aside) ? `${aside}.late` : aside);
}

function undo(step: Step, index: number, { root, fs, ...work }: Work): void {
  if (!isReachable(step.path, { root, fs })) return;
  const place = join(root, step.path);
  const aside = oldPlace(root, index);
  switch (step.do) {
    case 'make':
      if (exists(fs, place) && !isFullDirectory(fs, place)) fs.rmdirSync(place);
      return;
    case 'put':
      if (exists(fs, newPlace(root, step.id))) {
        if (exists(fs, aside) && !exists(fs, place)) fs.renameSync(aside, place);
        return;
      }
      fs.renameSync(place, newPlace(root, step.id));
      if (exists(fs, aside)) fs.renameSync(aside, place);
      return;
    case 'drop':
      if (exists(fs, aside) && !exists(fs, place)) fs.renameSync(aside, place);
      return;
    case 'dress':
      dress(step, step.was, { root, fs, ...work });
      return;
  }
}

function dress(
  { path, kind }: Extract<Step, { do: 'dress' }>,
  to: Attributes,
  { root, fs }: Work,
): void {
  const place = join(root, path);
  const stat = look(fs, place);
  // Changing a mode follows links: what became one meanwhile is left alone.
  if (stat === undefined || stat.isSymbolicLink() !== (kind === 'link')) return;
  fs.lchownSync(place, to.uid, to.gid);
  if (kind !== 'link') fs.chmodSync(place, to.mode);
  fs.lutimesSync(place, to.mtime / 1000, to.mtime / 1000);
}

function exists(fs: SwitchFs, place: string): boolean {
  return look(fs, place) !== undefined;
}

function isFullDirectory(fs: SwitchFs, place: string): boolean {
  return look(fs, place)?.isDirectory() === true && fs.readdirSync(place).length > 0;
}

/** No link and no file stands on the way to it: no step leads through one. */
function isReachable(path: string, { root, fs }: SwitchOptions): boolean {
  const parents = path.split('/').slice(0, -1);
  return parents.every((_, depth) => {
    const parent = join(root, ...parents.slice(0, depth + 1));
    return look(fs, parent)?.isDirectory() === true;
  });
}

/** When it goes on with a journal, a later step may have replaced a parent already. */
function look(fs: SwitchFs, place: string): nodeFs.Stats | undefined {
  try {
    return fs.lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

const journalOf = (root: string): string => join(areaOf(root), 'journal');

function writeJournal(steps: readonly Step[], { root, fs }: SwitchOptions): void {
  const draft = `${journalOf(root)}.draft`;
  const file = fs.openSync(draft, 'w', 0o600);
  try {
    for (const step of steps) writeAll(fs, file, `${JSON.stringify(step)}\n`);
    writeAll(fs, file, `${JSON.stringify({ steps: steps.length })}\n`);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(draft, journalOf(root));
  syncDirectory(fs, areaOf(root));
}

function writeAll(fs: SwitchFs, file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at);
}

/** Undefined when there is none, or none of ours: then no step has been taken. */
function readJournal({ root, fs }: SwitchOptions): readonly Step[] | undefined {
  if (!exists(fs, journalOf(root))) return undefined;
  try {
    const lines = fs.readFileSync(journalOf(root), 'utf8').trimEnd().split('\n');
    const steps = lines.slice(0, -1).map((line) => JSON.parse(line) as Step);
    return steps.every(isStep) ? steps : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whoever works in the volume can write a journal too: it must not lead out of the volume. */
function isStep(step: Step): boolean {
  if (typeof step?.path !== 'string' || volumePathFault(step.path) !== undefined) return false;
  if (step.do === 'put') return Number.isSafeInteger(step.id);
  if (step.do === 'dress') return [step.want, step.was].every(areAttributes);
  return step.do === 'make' || step.do === 'drop';
}

function areAttributes(value: Attributes | undefined): boolean {
  const { uid, gid, mode, mtime } = value ?? {};
  return [uid, gid, mtime].every(Number.isFinite) && (Number(mode) & ~0o3777) === 0;
}

/** All steps are taken (or taken back): from here on there is nothing to go on with. */
function finish(options: SwitchOptions): void {
  const { root, fs } = options;
  syncDirectory(fs, root);
  fs.unlinkSync(journalOf(root));
  clear(options);
}

function clear({ root, fs }: SwitchOptions): void {
  fs.rmSync(areaOf(root), { recursive: true, force: true });
}

function syncDirectory(fs: SwitchFs, path: string): void {
  const file = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

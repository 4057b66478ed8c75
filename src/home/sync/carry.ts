/**
 * Carries a merge out, and puts a link in the place of what was moved. A crash at any point loses nothing:
 * contents are in the volume before their place becomes a link, and what stood there stands aside until
 * it is known that nobody wrote to it meanwhile. The next run takes up what was left aside.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { agentUser } from '../../docker/agent-places.ts';
import { CaiError } from '../../errors.ts';
import { draftName, dropDrafts } from './drafts.ts';
import { type Merge, type MergeOptions, planMerge, type Step } from './merge.ts';

/** Behind the name of what stands aside while its place becomes a link. */
const asideSuffix = '.cai-sync-old';

export function asideOf(local: string): string {
  return `${local}${asideSuffix}`;
}

export function runSteps(steps: readonly Step[]): void {
  for (const directory of new Set(steps.map(({ to }) => dirname(to)))) dropDrafts(directory);
  for (const step of steps) runStep(step);
}

function runStep(step: Step): void {
  const { from, to } = step;
  if (step.do === 'keep') {
    renameSync(from, to);
    return;
  }
  makeParents(to);
  const stats = lstatSync(from);
  if (step.do === 'directory') {
    mkdirSync(to, { recursive: true });
    chmodSync(to, stats.mode & 0o777);
    keepOwner(to, stats);
    return;
  }
  const draft = join(dirname(to), draftName());
  try {
    if (step.do === 'link') symlinkSync(step.text, draft);
    else copyFile(from, draft, stats.mode & 0o777);
    keepOwner(draft, stats);
    lutimesSync(draft, stats.atime, stats.mtime);
    renameSync(draft, to);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Only root can give a file to somebody else; then it stays with whoever moves it. */
function keepOwner(path: string, { uid, gid }: Stats): void {
  if (process.geteuid?.() === 0) lchownSync(path, uid, gid);
}

function copyFile(from: string, draft: string, mode: number): void {
  // Nobody else reads it before it has its mode.
  closeSync(openSync(draft, 'wx', 0o600));
  copyFileSync(from, draft, constants.COPYFILE_FICLONE);
  chmodSync(draft, mode);
  const file = openSync(draft, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Directories above, for the user `agent` also when root runs this. */
export function makeParents(path: string): void {
  const above = dirname(path);
  if (lstatSync(above, { throwIfNoEntry: false }) !== undefined) return;
  makeParents(above);
  mkdirSync(above);
  own(above);
}

/** What is made here belongs to the user who works in the container. */
export function own(path: string): void {
  if (process.geteuid?.() === 0) lchownSync(path, agentUser.uid, agentUser.gid);
}

/** A link in the place of nothing, or of another link. */
export function placeLink(local: string, target: string): void {
  makeParents(local);
  dropDrafts(dirname(local));
  const draft = join(dirname(local), draftName());
  symlinkSync(target, draft);
  own(draft);
  try {
    renameSync(draft, local);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Moves what stands at a place into the volume, and leaves a link. Answers with what was merged. */
export function moveIn(options: MergeOptions): Merge {
  const first = planMerge(options);
  runSteps(first.steps);
  putAside(options.local);
  placeLink(options.local, options.dest);
  return finish({ ...options, local: asideOf(options.local) }, first);
}

/** A file keeps its name until the link takes it over, so that the place is never empty. */
function putAside(local: string): void {
  const aside = asideOf(local);
  if (lstatSync(local).isDirectory()) {
    renameSync(local, aside);
    return;
  }
  try {
    linkSync(local, aside);
  } catch {
    // A file system without hard links.
    renameSync(local, aside);
  }
}

/** What was written while we worked comes too; then what stood aside goes. */
function finish(options: MergeOptions, first: Merge): Merge {
  const seenBefore = first.seen.replaceAll(options.place, options.local);
  let last = planMerge(options);
  if (last.seen === seenBefore) {
    rmSync(options.local, { recursive: true });
    return first;
  }
  for (let round = 0; round < 5; round += 1) {
    const late = last;
    // It was written to a moment ago, so it is the newer one.
    runSteps(late.steps);
    last = planMerge(options);
    if (last.seen !== late.seen) continue;
    rmSync(options.local, { recursive: true });
    return { ...first, kept: [...first.kept, ...late.kept] };
  }
  throw new CaiError('BUSY', `${options.place} is written to all the time.`, {
    path: options.place,
    next: `Run \`cai sync\` again when it is quiet; what is new stands in ${options.local}.`,
  });
}

/** What an interrupted run left aside: back to its place, or into the volume after the rest. */
export function recover(options: MergeOptions): Merge | undefined {
  const aside = asideOf(options.place);
  if (lstatSync(aside, { throwIfNoEntry: false }) === undefined) return undefined;
  const there = lstatSync(options.place, { throwIfNoEntry: false });
  if (there === undefined) {
    renameSync(aside, options.place);
    return undefined;
  }
  const same = there.ino === lstatSync(aside).ino;
  if (same) {
    // Only the second name of a file that is still in its place.
    rmSync(aside);
    return undefined;
  }
  const merge = planMerge({ ...options, local: aside });
  return finishRecovered({ ...options, local: aside }, merge);
}

function finishRecovered(options: MergeOptions, merge: Merge): Merge {
  runSteps(merge.steps);
  return finish(options, merge);
}

/** What applying needs, and the first questions of every action: is the way real, what stands there. */
import type { Stats } from 'node:fs';
import { CaiError, toCaiError } from '../errors.ts';
import type { Entry, Look } from '../tree/entry.ts';
import { sameContent } from '../tree/entry.ts';
import { joinPath, ownPrefix, type Path, pathFault } from '../tree/path.ts';
import type { Area } from './area.ts';
import { diskPath, readNames } from './disk-path.ts';
import type { Durable } from './durable.ts';
import { isAbsence } from './fs-port.ts';
import type { KeptFiles } from './kept.ts';
import { type Found, lookNow, lookPatiently, toLook } from './look.ts';
import type { Owner } from './modes.ts';
import { refusal } from './permission.ts';
import type { Outcome } from './replica.ts';
import type { Staged } from './staged.ts';
import { lookTask, type View } from './view.ts';

/** Steps between which a test can change the disk. */
export type ProbePoint = 'checked' | 'staged' | 'kept' | 'placed' | 'displaced';

export interface Work {
  readonly view: View;
  readonly area: Area;
  readonly kept: KeptFiles;
  readonly staged: Staged;
  readonly durable: Durable;
  readonly owner: Owner | undefined;
  readonly probe: (point: ProbePoint, path: Path) => void;
  /** Wants another look at the path. */
  readonly hint: (path: Path) => void;
  /** Directories found to be real in this slice of time. */
  readonly real: Set<Path>;
}

/** What stands at a path, with its stat where it is a file, a directory or a link. */
export interface Standing {
  readonly look: Look;
  readonly stat: Stats | undefined;
}

export async function standing(work: Work, path: Path): Promise<Standing> {
  const task = lookTask(work.view, path, work.view.picture.get(path), 0);
  let found: Found;
  const quick = lookNow(task);
  if (quick.kind === 'later') found = await lookPatiently(task, 300);
  else found = quick;
  return { look: toLook(found), stat: 'stat' in found ? found.stat : undefined };
}

/** Every directory above the path is one, and no link: nothing is ever written through a link. */
export function wayIsReal(work: Work, path: Path): boolean {
  const { view, real } = work;
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const above = path.slice(0, slash);
    if (real.has(above)) continue;
    if (!isDirectoryAt(view, above)) return false;
    real.add(above);
  }
  return true;
}

function isDirectoryAt({ disk }: View, path: Path): boolean {
  try {
    const stat = disk.fs.lstatSync(diskPath(disk, path), { throwIfNoEntry: false });
    return stat?.isDirectory() === true;
  } catch (error) {
    // ENOTDIR: a directory above became a file since it was looked at.
    if (isAbsence(error)) return false;
    throw error;
  }
}

/** Paths come from the other side in the end; they are checked again where they are used. */
export function checkActionPath(path: Path): void {
  const fault = pathFault(path);
  if (fault !== undefined) throw new CaiError('PROTOCOL', `A path is refused: it ${fault}.`);
  if (path.split('/').some((name) => name.startsWith(ownPrefix))) {
    throw new CaiError('PROTOCOL', 'A path is refused: it names a file of cai itself.', { path });
  }
}

export function meets(there: Standing, expect: Entry | null): boolean {
  return sameContent(there.look, expect);
}

/** Something else stands there: told as the outcome, and once more as a change with its content. */
export function missed(work: Work, path: Path, now: Look, more: Partial<Outcome> = {}): Outcome {
  work.hint(path);
  work.view.activity.note();
  return { path, result: 'missed', now, ...more };
}

/** As missed, after a step showed that the path is not any more what it was a moment ago. */
export async function missedNow(work: Work, path: Path): Promise<Outcome> {
  return missed(work, path, wayIsReal(work, path) ? (await standing(work, path)).look : null);
}

export async function failed(work: Work, path: Path, thrown: unknown): Promise<Outcome> {
  const { code, message } = toCaiError(thrown, path);
  const why = refusal(work.view.disk, path, thrown) ?? message;
  // What cannot even be looked at is not absent: that would go over to the other side as a removal.
  let now: Look = { kind: 'blocked', why: 'unreadable', message };
  try {
    work.hint(path);
    now = wayIsReal(work, path) ? (await standing(work, path)).look : null;
  } catch {
    // The error says why.
  }
  return { path, result: 'failed', now, error: { code, message: why } };
}

/** The ignored and blocked names in a directory, when there are some and no others. */
export function leftoverIn(work: Work, path: Path): readonly string[] | undefined {
  const { view } = work;
  const names: string[] = [];
  for (const name of readNames(view.disk, path)) {
    const at = joinPath(path, name.name);
    const ignored = view.rules.verdict(at, name.isDirectory()).excluded;
    if (!ignored && view.picture.get(at)?.kind !== 'blocked') return undefined;
    names.push(name.name);
  }
  // What kept it from going is gone by now: it is tried again.
  return names.length === 0 ? undefined : names;
}

/** What all ways of putting a file in place share: new names, and the look at what was displaced. */
import { sameContent } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { sameInode } from './digest.ts';
import { type DiskPath, errnoOf } from './fs-port.ts';
import type { Place } from './kept.ts';
import { lookPatiently, toLook } from './look.ts';
import { racyWindow } from './nodes.ts';
import type { Kept } from './replica.ts';
import { removeQuietly } from './staged.ts';
import type { Standing, Work } from './work.ts';

export type Placing =
  | { readonly placed: true; readonly kept?: Kept }
  /** Something else stands there, or nothing any more. */
  | { readonly placed: false; readonly kept?: Kept };

export interface PlaceTask {
  readonly work: Work;
  readonly path: Path;
  /** What is prepared. */
  readonly at: DiskPath;
  /** What has to give way. */
  readonly there: Standing;
  readonly beside: boolean;
}

/** Errors that mean that there are no hard links here. */
export const noLinkCodes = new Set([
  'EPERM',
  'EACCES',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EINVAL',
]);

/** Puts what is prepared where nothing stands; EEXIST when something does. */
export function placeNew(work: Work, at: DiskPath, target: DiskPath): Placing {
  const { fs } = work.view.disk;
  try {
    fs.linkSync(at, target);
  } catch (error) {
    if (!noLinkCodes.has(errnoOf(error))) throw error;
    // No hard links here: the smallest window that is to be had.
    if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined) return { placed: false };
    fs.renameSync(at, target);
    return { placed: true };
  }
  removeQuietly(work.view.disk, at);
  return { placed: true };
}

/** Looks at what was displaced; what is not as it was when it was checked is told as unexpected. */
export async function holdDisplaced(work: Work, place: Place, there: Standing): Promise<Kept> {
  const { fs } = work.view.disk;
  const { look, stat } = there;
  if (look?.kind !== 'file' && look?.kind !== 'link')
    throw new Error('only files and links are kept');
  try {
    const now = fs.lstatSync(place.at);
    const settled = now.mtimeMs < Date.now() - racyWindow(now);
    if (stat !== undefined && sameInode(now, stat) && (settled || look.kind === 'link')) {
      return work.kept.hold(place, look, true, now);
    }
    const { path, at } = place;
    const task = { fs, at, path, maxFileSize: Number.MAX_SAFE_INTEGER, keepUpTo: 0 };
    const found = toLook(await lookPatiently(task, 100));
    if (found?.kind === 'file' || found?.kind === 'link') {
      return work.kept.hold(place, found, sameContent(found, look));
    }
  } catch {
    // It is there all the same, and what it holds is seen when it is read.
  }
  return work.kept.hold(place, look, false);
}

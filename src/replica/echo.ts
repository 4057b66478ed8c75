/**
 * Tells the event of an own write from those of others. Whatever was renamed, made or removed at the path:
 * what stands there is the file that this replica put there, with the times that it had then. Who writes into
 * it causes an event of another kind. Only a file that somebody took away, wrote to and brought back within
 * one tick of the file system's clock looks the same, so it is looked at all the same, some time.
 */
import type { Path } from '../tree/path.ts';
import { diskPath } from './disk-path.ts';
import { sameSignature } from './nodes.ts';
import type { View } from './view.ts';

/** True when the rename at the path that was heard of is this replica's own, and nothing came after it. */
export function isEcho({ activity, disk, picture }: View, path: Path): boolean {
  const node = picture.get(path);
  if (node?.kind !== 'file') return false;
  try {
    const stat = disk.fs.lstatSync(diskPath(disk, path), { throwIfNoEntry: false });
    return stat?.isFile() === true && activity.isOwn(path, stat) && sameSignature(node, stat);
  } catch {
    return false;
  }
}

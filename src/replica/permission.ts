/** Why the system refused a change, in words: who may not write in which directory. */
import { constants } from 'node:fs';
import { type Path, parentPath } from '../tree/path.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { errnoOf } from './fs-port.ts';

/** Undefined when it was refused for another reason, or nothing more is known. */
export function refusal(disk: Disk, path: Path, error: unknown): string | undefined {
  const code = errnoOf(error);
  if (code === 'EROFS') return 'The file system can only be read.';
  const uid = process.getuid?.();
  if (uid === undefined || (code !== 'EACCES' && code !== 'EPERM')) return undefined;
  // New contents are staged in the root before they go to their place.
  for (const directory of [parentPath(path), '']) {
    const facts = closedTo(disk, directory);
    if (facts === undefined) continue;
    const where = directory === '' ? 'the root directory' : directory;
    return `The user ${uid} may not write in ${where} (${facts}).`;
  }
  return undefined;
}

/** Owner and mode of a directory that this process may not write in. */
function closedTo(disk: Disk, directory: Path): string | undefined {
  const at = diskPath(disk, directory);
  try {
    disk.fs.accessSync(at, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    const stat = disk.fs.lstatSync(at, { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) return undefined;
    return `owner ${stat.uid}:${stat.gid}, mode ${(stat.mode & 0o777).toString(8)}`;
  }
}

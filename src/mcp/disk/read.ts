/**
 * Reads regular files through an open descriptor: what was checked is what is read. Pipes, devices and
 * sockets are refused without waiting for them.
 */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { constants, realpathSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath } from '../../tree/path.ts';
import type { Spot } from './descend.ts';
import { fromErrno } from './fault.ts';

/** Files up to this size are read whole. */
export const maxWholeBytes = 32 * 1024 * 1024;

/** A spot, or what a walk stands at. */
export type Place = Pick<Spot, 'at' | 'path' | 'stat'>;

export interface OpenFile {
  readonly handle: FileHandle;
  readonly stat: Stats;
}

export interface WholeFile {
  readonly bytes: Buffer;
  readonly stat: Stats;
  readonly digest: string;
}

/** Opens a regular file; `root` is the real root. The caller closes it. */
export async function openFile({ at, path, stat }: Place, root: string): Promise<OpenFile> {
  if (stat === undefined) throw fromErrno({ code: 'ENOENT' }, path);
  if (!stat.isFile()) throw wrongKind(path, stat);
  let handle: FileHandle | undefined;
  try {
    // O_NONBLOCK: a pipe that was put there just now must not hold us up.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    handle = await open(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const opened = await handle.stat();
    if (!opened.isFile()) throw wrongKind(path, opened);
    if (process.platform !== 'linux') checkInside(at.toString(), opened, { root, path });
    return { handle, stat: opened };
  } catch (error) {
    await handle?.close();
    throw fromErrno(error, path);
  }
}

/** Reads all of it. Throws TOO_LARGE. */
export async function readWhole(
  spot: Place,
  root: string,
  limit: number = maxWholeBytes,
): Promise<WholeFile> {
  const { handle, stat } = await openFile(spot, root);
  try {
    if (stat.size > limit) throw tooLarge(spot.path, stat.size, limit);
    const bytes = await readAtMost(handle, limit);
    if (bytes.length > limit) throw tooLarge(spot.path, bytes.length, limit);
    return { bytes, stat, digest: digestOf(bytes) };
  } catch (error) {
    throw fromErrno(error, spot.path);
  } finally {
    await handle.close();
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function wrongKind(path: Path, stat: Stats): CaiError {
  const name = path === '' ? 'The workspace' : displayPath(path);
  if (stat.isDirectory())
    return new CaiError('KIND', `${name} is a directory.`, {
      path,
      next: 'Look into it with list_files.',
    });
  const what = stat.isSymbolicLink() ? 'a link' : 'no regular file (a pipe, socket or device)';
  return new CaiError('KIND', `${name} is ${what}.`, { path });
}

function tooLarge(path: Path, size: number, limit: number): CaiError {
  return new CaiError(
    'TOO_LARGE',
    `${displayPath(path)} has ${size} bytes; the limit is ${limit}.`,
    {
      path,
      next: 'Read a part of it (start_line, line_count), or use run_command.',
    },
  );
}

/** Not readFile: a file that grows while it is read must not fill the memory. */
async function readAtMost(handle: FileHandle, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total <= limit) {
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.allocUnsafe(256 * 1024) });
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
  }
  return Buffer.concat(chunks);
}

/** Where names cannot be reached through open directories: what was opened must be what stands inside. */
function checkInside(
  at: string,
  opened: Stats,
  { root, path }: { readonly root: string; readonly path: Path },
): void {
  const real = realpathSync(at);
  const now = statSync(real);
  const isSame = now.ino === opened.ino && now.dev === opened.dev;
  if (isSame && (real === root || real.startsWith(root))) return;
  throw new CaiError('REFUSED', `${displayPath(path)} is refused: it was moved just now.`, {
    path,
  });
}

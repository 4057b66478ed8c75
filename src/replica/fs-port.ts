/**
 * The file system calls this room makes, as one object, so that a test can make any of them fail.
 * Synchronous calls where the answer comes from the kernel's caches (a switch of threads costs more
 * than the call), callbacks where a disk has to be waited for.
 */
import * as nodeFs from 'node:fs';

export type FsPort = Pick<
  typeof nodeFs,
  | 'accessSync'
  | 'closeSync'
  | 'copyFile'
  | 'fchmodSync'
  | 'fchownSync'
  | 'fstatSync'
  | 'fsync'
  | 'ftruncateSync'
  | 'futimesSync'
  | 'lchownSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'read'
  | 'readFileSync'
  | 'readSync'
  | 'readdirSync'
  | 'readlinkSync'
  | 'renameSync'
  | 'rmSync'
  | 'rmdirSync'
  | 'symlinkSync'
  | 'unlinkSync'
  | 'utimesSync'
  | 'watch'
  | 'write'
  | 'writeFileSync'
  | 'writeSync'
>;

export const realFs: FsPort = nodeFs;

/** A path as the system calls take it. */
export type DiskPath = string | Buffer;

/** The system's code of what was thrown ('ENOENT' …), or '' when it has none. */
export function errnoOf(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException | undefined)?.code ?? '';
}

/** True when nothing stands at the path of the failed call. */
export function isAbsence(thrown: unknown): boolean {
  const code = errnoOf(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** One read of up to `buffer.length` bytes that does not hold up the event loop. */
export function readAsync(fs: FsPort, fd: number, buffer: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, 0, buffer.length, null, (error, bytesRead) => {
      if (error) reject(error);
      else resolve(bytesRead);
    });
  });
}

/** Writes all of the bytes. */
export async function writeAsync(fs: FsPort, fd: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const from = done;
    done += await new Promise<number>((resolve, reject) => {
      fs.write(fd, bytes, from, bytes.length - from, null, (error, written) => {
        if (error) reject(error);
        else resolve(written);
      });
    });
  }
}

export function copyAsync(fs: FsPort, from: DiskPath, to: DiskPath, flags: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.copyFile(from, to, flags, (error) => (error ? reject(error) : resolve()));
  });
}

export function fsyncAsync(fs: FsPort, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(fd, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * From paths inside the root to what the system calls take, and names from directories. Names that
 * are not UTF-8 go through as bytes; all others as plain strings, which is several times faster.
 */
import { fromBytes, hasRawBytes, type Path, toBytes } from '../tree/path.ts';
import type { DiskPath, FsPort } from './fs-port.ts';

export interface Disk {
  readonly fs: FsPort;
  /** Absolute, links resolved. */
  readonly root: string;
}

/** A name in a directory, and whether it is a directory as far as the listing knows. */
export interface Name {
  readonly name: string;
  isDirectory(): boolean;
}

export function diskPath(disk: Disk, path: Path): DiskPath {
  if (path === '') return disk.root;
  const full = disk.root === '/' ? `/${path}` : `${disk.root}/${path}`;
  return hasRawBytes(path) ? toBytes(full) : full;
}

export function joinDisk(directory: DiskPath, name: string): DiskPath {
  if (typeof directory === 'string') return `${directory}/${name}`;
  return Buffer.concat([directory, Buffer.from(`/${name}`)]);
}

/** The names in a directory; throws as readdir does. */
export function readNames(disk: Disk, path: Path): readonly Name[] {
  const at = diskPath(disk, path);
  const plain = disk.fs.readdirSync(at, { withFileTypes: true });
  // A replacement character stands for bytes that are no UTF-8, or for itself: look at the bytes.
  if (!plain.some((entry) => entry.name.includes('\ufffd'))) return plain;
  const raw = disk.fs.readdirSync(at, { withFileTypes: true, encoding: 'buffer' } as never);
  return (raw as unknown as { name: Buffer; isDirectory(): boolean }[]).map((entry) => ({
    name: fromBytes(entry.name),
    isDirectory: () => entry.isDirectory(),
  }));
}

/** The target of a link, in the same encoding as paths. */
export function readTarget(fs: FsPort, at: DiskPath): string {
  return fromBytes(fs.readlinkSync(at, { encoding: 'buffer' }) as unknown as Buffer);
}

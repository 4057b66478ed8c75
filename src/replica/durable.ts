/**
 * Makes what was applied durable: each file and directory by itself while they are few, one `sync` of
 * the file system when they are many. Works off the latency path (invariant 3).
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type Path, parentPath } from '../tree/path.ts';
import { closeQuietly } from './digest.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { errnoOf, fsyncAsync, isAbsence } from './fs-port.ts';

const fewFiles = 200;
const atOnce = 4;

export interface Durable {
  /** Something was written at the path, or went from it. */
  note(path: Path, what: 'written' | 'removed'): void;
  /** With `everything` also what another replica of this root did before: `all` names the paths. */
  flush(everything?: { readonly all: () => Iterable<Path> }): Promise<void>;
}

export function createDurable(disk: Disk): Durable {
  let files = new Set<Path>();
  let directories = new Set<Path>();

  const flush = async (everything?: { readonly all: () => Iterable<Path> }): Promise<void> => {
    if (everything !== undefined && !(await syncAll(disk.root)))
      await syncEach(disk, [...everything.all()]);
    const paths = [...files, ...directories];
    const taken = { files, directories };
    files = new Set();
    directories = new Set();
    if (paths.length === 0) return;
    try {
      if (paths.length > fewFiles && (await syncAll(disk.root))) return;
      await syncEach(disk, paths);
    } catch (error) {
      for (const path of taken.files) files.add(path);
      for (const path of taken.directories) directories.add(path);
      throw error;
    }
  };
  let last: Promise<void> = Promise.resolve();
  return {
    note: (path, what) => {
      if (what === 'written') files.add(path);
      directories.add(parentPath(path));
    },
    flush: (everything) => {
      // One after the other: the second must not resolve before what the first took is durable.
      const next = () => flush(everything);
      last = last.then(next, next);
      return last;
    },
  };
}

async function syncEach(disk: Disk, paths: readonly Path[]): Promise<void> {
  const queue = [...paths];
  const worker = async (): Promise<void> => {
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) await syncOne(disk, path);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function syncOne(disk: Disk, path: Path): Promise<void> {
  const { fs } = disk;
  let fd: number | undefined;
  try {
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    fd = fs.openSync(diskPath(disk, path), flags);
    await fsyncAsync(fs, fd);
  } catch (error) {
    // Gone again, a link by now, not readable, or a file system that knows no fsync of directories:
    // none of these can be helped, and the next scan compares what really is there.
    const harmless = ['ELOOP', 'EACCES', 'EPERM', 'EINVAL', 'EISDIR', 'ENXIO', 'ENOTSUP'];
    if (!isAbsence(error) && !harmless.includes(errnoOf(error))) throw error;
  } finally {
    if (fd !== undefined) closeQuietly(fs, fd);
  }
}

/** One sync of the file system that holds the root; false where there is no such command. */
async function syncAll(root: string): Promise<boolean> {
  return (await runSync(['-f', root])) || (await runSync([]));
}

function runSync(args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('sync', args, { stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/**
 * Digests files while another program writes them one after the other, so that little is left to read
 * when it has ended; and sees when one grows beyond what it may.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Path } from '../tree/path.ts';
import { closeQuietly, openToRead } from './digest.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { readAsync } from './fs-port.ts';
import type { Content } from './replica.ts';

export interface Following {
  /** Reads what is left; digests of the files that were followed to their ends. */
  stop(): Promise<ReadonlyMap<Path, string>>;
}

/** Milliseconds between two looks. */
const every = 25;
/** Smaller ones are read at once in the end. */
const followAbove = 4 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

interface Followed {
  readonly content: Content;
  readonly hash: Hash;
  fd: number | undefined;
  done: number;
}

export function follow(disk: Disk, contents: readonly Content[], onTooMuch: () => void): Following {
  const large = contents.filter(({ size }) => size >= followAbove);
  const files: Followed[] = large.map((content) => ({
    content,
    hash: createHash('sha256'),
    fd: undefined,
    done: 0,
  }));
  const buffer = Buffer.allocUnsafe(files.length === 0 ? 0 : pieceBytes);
  let stopped = false;
  let wake = (): void => undefined;

  const readOn = async (): Promise<void> => {
    for (const file of files) await readFurther(disk, file, buffer);
    if (contents.some((content) => isTooLarge(disk, content))) onTooMuch();
  };
  const running = (async () => {
    while (!stopped) {
      await readOn().catch(() => undefined);
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, every);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();

  return {
    async stop() {
      stopped = true;
      wake();
      await running;
      const digests = new Map<Path, string>();
      for (const file of files) {
        await readFurther(disk, file, buffer).catch(() => undefined);
        const { content, fd, hash, done } = file;
        if (fd !== undefined) closeQuietly(disk.fs, fd);
        if (done === content.size) digests.set(content.path, hash.digest('hex'));
      }
      return digests;
    },
  };
}

async function readFurther(disk: Disk, file: Followed, buffer: Buffer): Promise<void> {
  const { content, hash } = file;
  if (file.done >= content.size) return;
  if (file.fd === undefined) {
    const at = diskPath(disk, content.path);
    if (disk.fs.lstatSync(at, { throwIfNoEntry: false })?.isFile() !== true) return;
    file.fd = disk.fs.openSync(at, openToRead);
  }
  for (;;) {
    const got = await readAsync(disk.fs, file.fd, buffer);
    if (got === 0) return;
    hash.update(got === buffer.length ? buffer : buffer.subarray(0, got));
    file.done += got;
  }
}

function isTooLarge(disk: Disk, { path, size }: Content): boolean {
  const stat = disk.fs.lstatSync(diskPath(disk, path), { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size > size;
}

/**
 * The staging area: a directory in the root, so on the same file system, hidden from synchronisation
 * and from git. Contents are completed in it before they appear anywhere (invariant 2), and what
 * actions displace stays in it until it is in the history (invariant 1).
 */
import { randomBytes } from 'node:crypto';
import { ownPrefix } from '../tree/path.ts';
import { ownerFile, thisOwner, touchEvery } from './area-owner.ts';
import type { Disk } from './disk-path.ts';
import { errnoOf } from './fs-port.ts';

export const areaPrefix = `${ownPrefix}stage-`;

/** Milliseconds for which the area is taken to be there without another look. */
const sureFor = 5;

/** Areas that this process has given up, although it may not have been able to remove them. */
const closed = new Set<string>();

export function wasClosed(name: string): boolean {
  return closed.has(name);
}

export interface Area {
  /** Its name in the root. */
  readonly name: string;
  /** Its path on disk; makes it when it is not there (any more: somebody may have cleaned up). */
  open(): string;
  /** True when it is not there any more, which open() need not notice at once. */
  isLost(): boolean;
  /** How often it was made. */
  readonly generation: number;
  /** A name for something new in it, unique for this run. */
  next(kind: 'new' | 'kept' | 'cookie'): string;
  /** Removes it with everything in it; or marks it as left, so that the next run takes it over. */
  close(how: 'remove' | 'leave'): void;
}

export function createArea(
  disk: Disk,
  name = `${areaPrefix}${randomBytes(6).toString('hex')}`,
): Area {
  const { fs } = disk;
  const at = `${disk.root === '/' ? '' : disk.root}/${name}`;
  const run = randomBytes(4).toString('hex');
  let count = 0;
  let generation = 0;
  let seenAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const make = (): void => {
    try {
      fs.mkdirSync(at, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || !fs.lstatSync(at).isDirectory()) throw error;
    }
    fs.writeFileSync(`${at}/${ownerFile}`, JSON.stringify(thisOwner()));
    fs.writeFileSync(`${at}/.gitignore`, '*\n');
    generation += 1;
    timer ??= setInterval(touch, touchEvery);
    timer.unref();
  };
  const touch = (): void => {
    const now = Date.now() / 1000;
    try {
      fs.utimesSync(`${at}/${ownerFile}`, now, now);
    } catch {
      // Somebody removed the area: the next use makes it anew.
    }
  };

  return {
    name,
    get generation() {
      return generation;
    },
    open: () => {
      const now = performance.now();
      if (generation > 0 && now - seenAt < sureFor) return at;
      const there = generation > 0 && fs.lstatSync(at, { throwIfNoEntry: false }) !== undefined;
      if (!there) make();
      seenAt = now;
      return at;
    },
    isLost: () => {
      seenAt = 0;
      try {
        return generation > 0 && fs.lstatSync(at, { throwIfNoEntry: false }) === undefined;
      } catch {
        return false;
      }
    },
    next: (kind) => {
      count += 1;
      return `${kind}-${run}-${count}`;
    },
    close: (how) => {
      clearInterval(timer);
      closed.add(name);
      if (generation === 0) return;
      if (how === 'remove') fs.rmSync(at, { recursive: true, force: true });
      else fs.writeFileSync(`${at}/${ownerFile}`, JSON.stringify({ ...thisOwner(), left: true }));
    },
  };
}

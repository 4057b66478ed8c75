/**
 * Knows whether the root is still the directory that it was when the replica was opened. It is asked
 * before any removal is told, so that a vanished root or an unmounted volume never looks like
 * deletions (invariant 5).
 */
import { constants, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { CaiError } from '../errors.ts';
import type { Disk } from './disk-path.ts';
import { isAbsence } from './fs-port.ts';
import type { ReplicaIdentity } from './replica.ts';

export type RootLoss = 'missing' | 'not-a-directory' | 'replaced' | 'unreadable';

export interface RootGuard {
  readonly identity: ReplicaIdentity;
  /** Undefined while all is well. */
  check(): RootLoss | undefined;
}

export function createRootGuard(disk: Disk): RootGuard {
  const stat = disk.fs.lstatSync(disk.root);
  const born = bornOf(disk, stat);
  const identity: ReplicaIdentity = { device: stat.dev, inode: stat.ino, born };
  return {
    identity,
    check: () => {
      try {
        const now = disk.fs.lstatSync(disk.root);
        if (!now.isDirectory()) return 'not-a-directory';
        if (now.dev !== identity.device || now.ino !== identity.inode) return 'replaced';
        if (born !== 0 && now.birthtimeMs !== born) return 'replaced';
        disk.fs.accessSync(disk.root, constants.R_OK | constants.X_OK);
        return undefined;
      } catch (error) {
        return isAbsence(error) ? 'missing' : 'unreadable';
      }
    },
  };
}

const lossTexts: Record<RootLoss, string> = {
  missing: 'is gone',
  'not-a-directory': 'is not a directory any more',
  replaced: 'is another directory than before',
  unreadable: 'cannot be read',
};

export function rootError(root: string, loss: RootLoss): CaiError {
  return new CaiError('ROOT', `The directory ${root} ${lossTexts[loss]}.`, {
    path: root,
    next: 'Bring the directory back; nothing is removed on the other side meanwhile.',
  });
}

/** Time of birth, or 0 where the system does not tell: there Node puts the ctime in its place. */
function bornOf(disk: Disk, stat: Stats): number {
  if (stat.birthtimeMs <= 0) return 0;
  return stat.birthtimeMs !== stat.ctimeMs || systemTellsBirths(disk) ? stat.birthtimeMs : 0;
}

/**
 * A root that was made a moment ago looks the same on every system, and so may the directory above it.
 * Where births are told at all, some old file has another one than its ctime.
 */
function systemTellsBirths(disk: Disk): boolean {
  return [dirname(disk.root), '/', process.execPath].some((path) => {
    try {
      const { birthtimeMs, ctimeMs } = disk.fs.lstatSync(path);
      return birthtimeMs !== ctimeMs;
    } catch {
      return false;
    }
  });
}

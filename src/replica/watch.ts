/**
 * Notices changes. What the system tells is only ever a hint: a path to look at again.
 * Linux: one watch a directory (a recursive one is an emulation there, quadratic in the entries of a
 * directory), armed before the directory is read. Elsewhere: the native recursive watch.
 */
import { readFileSync } from 'node:fs';
import { fromBytes, joinPath, ownPrefix, type Path } from '../tree/path.ts';
import { noteEvent, onOverflow } from './burst.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { errnoOf } from './fs-port.ts';
import { type DirectoryNode, pathOf } from './nodes.ts';

export interface WatchHooks {
  /** Look at this path again. */
  readonly onHint: (path: Path) => void;
  /** Hints may have been lost. */
  readonly onLost: () => void;
  /** A directory could not be watched, or can be again. */
  readonly onUnwatched: () => void;
}

export interface Watcher {
  /** True when a hint that names a directory may be about what is in it. */
  readonly recursive: boolean;
  /** Watches a directory, anew when it was watched before. */
  arm(directory: DirectoryNode, path: Path): void;
  disarm(directory: DirectoryNode): void;
  /** Directories for which there was no watch left. */
  readonly unwatched: ReadonlySet<DirectoryNode>;
  /** Watches a directory that is not part of the picture, for cookies. */
  watchExtra(path: Path): () => void;
  close(): void;
}

export function createWatcher(disk: Disk, hooks: WatchHooks): Watcher {
  const native = process.platform === 'darwin' || process.platform === 'win32';
  return native ? recursiveWatcher(disk, hooks) : directoryWatcher(disk, hooks);
}

/** How many watches the system grants a user. */
export function watchLimit(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
  } catch {
    return 0;
  }
}

function directoryWatcher(disk: Disk, hooks: WatchHooks): Watcher {
  // Node shares one inotify watch between all watchers of an inode; closing before arming keeps
  // each of them fresh, so that the end of the inode is told under the directory's present name.
  const owners = new Map<number, DirectoryNode>();
  const unwatched = new Set<DirectoryNode>();
  const stopOverflow = onOverflow(hooks.onLost);

  const disarm = (directory: DirectoryNode): void => {
    if (unwatched.delete(directory)) hooks.onUnwatched();
    if (directory.watch === undefined) return;
    directory.watch.close();
    directory.watch = undefined;
    if (owners.get(directory.ino) === directory) owners.delete(directory.ino);
  };

  const hear = (directory: DirectoryNode, type: string, name: string): void => {
    if (name.startsWith(ownPrefix)) return;
    const path = directory.parent === undefined ? '' : pathOf(directory);
    const ownName = path === '' ? baseOf(disk.root) : directory.name;
    if (type === 'rename' && name === ownName) {
      // Either the directory itself went or moved, or a name in it that is the same as its own.
      directory.stale = true;
      hooks.onHint(path);
    }
    hooks.onHint(joinPath(path, name));
  };

  const arm = (directory: DirectoryNode, path: Path): void => {
    const owner = owners.get(directory.ino);
    if (owner !== undefined && owner !== directory) disarm(owner);
    disarm(directory);
    directory.stale = false;
    try {
      const watch = disk.fs.watch(diskPath(disk, path), { encoding: 'buffer' }, (type, name) => {
        noteEvent();
        if (directory.watch !== watch) return;
        if (name === null) hooks.onHint(pathOf(directory));
        else hear(directory, type, textOf(name));
      });
      directory.watch = watch;
      owners.set(directory.ino, directory);
      watch.on('error', () => {
        directory.stale = true;
        hooks.onHint(directory.parent === undefined ? '' : pathOf(directory));
      });
    } catch (error) {
      if (!outOfWatches(error)) return;
      unwatched.add(directory);
      hooks.onUnwatched();
    }
  };

  return {
    recursive: false,
    arm,
    disarm,
    unwatched,
    watchExtra: (path) => {
      const watch = disk.fs.watch(diskPath(disk, path), { encoding: 'utf8' }, (_type, name) => {
        if (name !== null) hooks.onHint(joinPath(path, name));
      });
      watch.on('error', () => {});
      return () => watch.close();
    },
    close: () => {
      stopOverflow();
      for (const directory of [...owners.values()]) disarm(directory);
    },
  };
}

function recursiveWatcher(disk: Disk, hooks: WatchHooks): Watcher {
  let watched: DirectoryNode | undefined;
  const disarm = (directory: DirectoryNode): void => {
    if (directory !== watched) return;
    directory.watch?.close();
    directory.watch = undefined;
    watched = undefined;
  };
  const arm = (directory: DirectoryNode, path: Path): void => {
    directory.stale = false;
    if (path !== '') return;
    disarm(directory);
    watched = directory;
    try {
      const options = { encoding: 'buffer', recursive: true } as const;
      const watch = disk.fs.watch(disk.root, options, (_type, name) => {
        if (name === null) return hooks.onLost();
        const text = textOf(name);
        hooks.onHint(process.platform === 'win32' ? text.replaceAll('\\', '/') : text);
      });
      directory.watch = watch;
      watch.on('error', () => hooks.onLost());
    } catch (error) {
      if (outOfWatches(error)) hooks.onLost();
    }
  };
  return {
    recursive: true,
    arm,
    disarm,
    unwatched: new Set(),
    watchExtra: () => () => {},
    close: () => {
      if (watched !== undefined) disarm(watched);
    },
  };
}

/** Node's emulation of recursive watches gives strings whatever is asked for. */
function textOf(name: string | Buffer): string {
  return typeof name === 'string' ? name : fromBytes(name);
}

function outOfWatches(error: unknown): boolean {
  return ['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(errnoOf(error));
}

function baseOf(root: string): string {
  return root.slice(root.lastIndexOf('/') + 1);
}

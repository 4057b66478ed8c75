/**
 * Notices changes. What the system tells is only ever a hint: a path to look at again.
 * Linux: one watch a directory (a recursive one is an emulation there, quadratic in the entries of a
 * directory), armed before the directory is read. Elsewhere: the native recursive watch.
 */
import { type FSWatcher, readFileSync } from 'node:fs';
import { fromBytes, joinPath, ownPrefix, type Path } from '../tree/path.ts';
import { noteEvent, onOverflow } from './burst.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { type DiskPath, errnoOf } from './fs-port.ts';
import { type DirectoryNode, pathOf } from './nodes.ts';

export interface WatchHooks {
  /** Look at this path again; `renamed`: another file may be there now, and of the content nothing is said. */
  readonly onHint: (path: Path, renamed: boolean) => void;
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
  /**
   * Watches a directory that is about to come to its place by a rename: from now on nothing that happens
   * in it is missed, so it need not be looked at there. Undefined where that is not to be had.
   */
  armAhead(at: DiskPath): AheadWatch | undefined;
  disarm(directory: DirectoryNode): void;
  /** Directories for which there was no watch left. */
  readonly unwatched: ReadonlySet<DirectoryNode>;
  /** Watches a directory that is not part of the picture, for cookies. */
  watchExtra(path: Path): () => void;
  close(): void;
}

/** A watch without an owner yet. */
export interface AheadWatch {
  /** The inode that it watches. */
  readonly ino: number;
  /** It has an owner. */
  readonly adopted: boolean;
  /** The directory is in its place: what was heard since is hinted at now. */
  adopt(directory: DirectoryNode): void;
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
    // What happens from now on is not heard of, not even that another directory takes its place and number.
    directory.stale = true;
    if (directory.watch === undefined) return;
    directory.watch.close();
    directory.watch = undefined;
    if (owners.get(directory.ino) === directory) owners.delete(directory.ino);
  };

  /** `ownName`: what its watch calls the directory itself. */
  const hear = (directory: DirectoryNode, type: string, name: string, ownName: string): void => {
    if (name.startsWith(ownPrefix)) return;
    const path = directory.parent === undefined ? '' : pathOf(directory);
    if (type === 'rename' && name === ownName) {
      // Either the directory itself went or moved, or a name in it that is the same as its own.
      directory.stale = true;
      hooks.onHint(path, false);
    }
    hooks.onHint(joinPath(path, name), type === 'rename');
  };

  const makeRoom = (directory: DirectoryNode): void => {
    const owner = owners.get(directory.ino);
    if (owner !== undefined && owner !== directory) disarm(owner);
    disarm(directory);
    directory.stale = false;
  };

  const own = (directory: DirectoryNode, watch: FSWatcher): void => {
    directory.watch = watch;
    owners.set(directory.ino, directory);
    watch.on('error', () => {
      directory.stale = true;
      hooks.onHint(directory.parent === undefined ? '' : pathOf(directory), false);
    });
  };

  const arm = (directory: DirectoryNode, path: Path): void => {
    makeRoom(directory);
    try {
      const watch = disk.fs.watch(diskPath(disk, path), { encoding: 'buffer' }, (type, name) => {
        noteEvent();
        if (directory.watch !== watch) return;
        const ownName = directory.parent === undefined ? baseOf(disk.root) : directory.name;
        if (name === null) hooks.onHint(pathOf(directory), false);
        else hear(directory, type, textOf(name), ownName);
      });
      own(directory, watch);
    } catch (error) {
      if (!outOfWatches(error)) {
        // It went while it was looked at; what comes to its place may have its number.
        directory.stale = true;
        return;
      }
      unwatched.add(directory);
      hooks.onUnwatched();
    }
  };

  const armAhead = (at: DiskPath): AheadWatch | undefined => {
    const ownName = textOf(at).slice(textOf(at).lastIndexOf('/') + 1);
    let heard: (readonly [type: string, name: string])[] | undefined = [];
    let owner: DirectoryNode | undefined;
    let isPlaced = false;
    const take = (directory: DirectoryNode, type: string, name: string): void => {
      // The first time that it goes from where it was, it comes to its place.
      const isPlacing = !isPlaced && type === 'rename' && name === ownName;
      if (isPlacing && ownName !== directory.name) isPlaced = true;
      else hear(directory, type, name, ownName);
    };
    try {
      const watch = disk.fs.watch(at, { encoding: 'buffer' }, (type, name) => {
        noteEvent();
        if (name === null) return;
        if (owner === undefined) heard?.push([type, textOf(name)]);
        else if (owner.watch === watch) take(owner, type, textOf(name));
      });
      return {
        ino: disk.fs.lstatSync(at).ino,
        get adopted() {
          return owner !== undefined;
        },
        adopt: (directory) => {
          makeRoom(directory);
          own(directory, watch);
          owner = directory;
          for (const [type, name] of heard ?? []) take(directory, type, name);
          heard = undefined;
        },
        close: () => {
          heard = undefined;
          watch.close();
        },
      };
    } catch {
      return undefined;
    }
  };

  return {
    recursive: false,
    arm,
    armAhead,
    disarm,
    unwatched,
    watchExtra: (path) => {
      const watch = disk.fs.watch(diskPath(disk, path), { encoding: 'utf8' }, (_type, name) => {
        if (name !== null) hooks.onHint(joinPath(path, name), false);
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
        hooks.onHint(process.platform === 'win32' ? text.replaceAll('\\', '/') : text, false);
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
    armAhead: () => undefined,
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

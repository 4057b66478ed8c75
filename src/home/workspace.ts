/** Which directory a command speaks of: the one that is named, else the known one that holds the current. */
import { realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readWorkspaceState } from '../config/workspace-state.ts';
import { CaiError } from '../errors.ts';

/** The workspace's real path. Throws ROOT when there is no such directory. */
export function resolveWorkspace(named: string | undefined, cwd = process.cwd()): string {
  if (named === undefined) return knownAbove(realpathSync(cwd));
  const path = resolve(cwd, expandHome(named));
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return realpathSync(path);
  throw new CaiError('ROOT', `There is no directory ${path}.`, {
    path,
    next: 'Name the directory of a workspace.',
  });
}

/** In a directory below a workspace that is known, that one is meant; else the directory itself. */
function knownAbove(cwd: string): string {
  for (let path = cwd; ; path = dirname(path)) {
    if (readWorkspaceState(path) !== undefined) return path;
    if (dirname(path) === path) return cwd;
  }
}

/** `~` and `~/x` as a shell has them, for paths that no shell has seen (`--from=~/x`). */
export function expandHome(path: string, home = process.env.HOME || homedir()): string {
  if (path === '~') return home;
  return path.startsWith('~/') ? join(home, path.slice(2)) : path;
}

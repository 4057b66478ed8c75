/** What stands at an item's two places, and on the way to them. Reads only. */
import { lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isWithin } from '../../tree/path.ts';
import type { SyncPlaces } from './places.ts';

export type Standing = 'nothing' | 'file' | 'directory' | 'other';

export type LocalState =
  | { readonly kind: Standing }
  /** `leads` is absolute. */
  | { readonly kind: 'link'; readonly leads: string; readonly text: string }
  /** A directory above is a link into the volume, so this is there too. */
  | { readonly kind: 'inside' }
  /** A directory above is a link to elsewhere, or no directory. */
  | { readonly kind: 'blocked'; readonly why: string };

export type VolumeState =
  | { readonly kind: Standing | 'link' }
  | { readonly kind: 'blocked'; readonly why: string };

export function lookAtLocal(path: string, { home, data }: SyncPlaces): LocalState {
  const fault = wayFault(home, path);
  if (fault !== undefined) {
    const real = realDirectory(fault.at);
    return real !== undefined && isWithin(data, real)
      ? { kind: 'inside' }
      : { kind: 'blocked', why: fault.why };
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink() !== true) return { kind: standing(path) };
  const text = readlinkSync(path);
  return { kind: 'link', text, leads: resolve(dirname(path), text) };
}

export function lookAtVolume(path: string, { data }: SyncPlaces): VolumeState {
  const fault = wayFault(data, path);
  if (fault !== undefined) return { kind: 'blocked', why: fault.why };
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return { kind: stats?.isSymbolicLink() === true ? 'link' : standing(path) };
}

function standing(path: string): Standing {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'nothing';
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
}

interface WayFault {
  readonly at: string;
  readonly why: string;
}

/** The first directory between a top and a path, the path's own parent too, that is none. */
function wayFault(top: string, path: string): WayFault | undefined {
  const names = path
    .slice(top.length + 1)
    .split('/')
    .slice(0, -1);
  let at = top;
  for (const name of names) {
    at = join(at, name);
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink()) return { at, why: `${at} is a link to ${readlinkSync(at)}` };
    if (!stats.isDirectory()) return { at, why: `${at} is no directory` };
  }
  return undefined;
}

function realDirectory(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** A file that holds nothing yet: empty, or an empty JSON object. */
export function isPlaceholderFile(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) return false;
  return stats.size === 0 || (stats.size <= 4 && readFileSync(path, 'utf8').trim() === '{}');
}

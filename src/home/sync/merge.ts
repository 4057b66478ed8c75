/**
 * How a local file or directory comes into the volume, as steps. What is the same is not copied; where
 * both differ one wins, and the other is kept beside it. Reads both sides, changes nothing.
 */
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { CaiError } from '../../errors.ts';
import { isWithin } from '../../tree/path.ts';
import { keptName } from '../kept-name.ts';

export type Step =
  | { readonly do: 'directory'; readonly from: string; readonly to: string }
  | { readonly do: 'file'; readonly from: string; readonly to: string }
  | { readonly do: 'link'; readonly from: string; readonly to: string; readonly text: string }
  /** The volume's version steps aside. */
  | { readonly do: 'keep'; readonly from: string; readonly to: string };

export interface KeptVersion {
  readonly path: string;
  readonly as: string;
  readonly whose: 'container' | 'volume';
}

export interface Merge {
  readonly steps: readonly Step[];
  readonly kept: readonly KeptVersion[];
  /** How many files are copied. */
  readonly files: number;
  /** Each local file as it was when it was looked at; another text means that somebody wrote. */
  readonly seen: string;
}

export interface MergeOptions {
  /** Absolute. */
  readonly local: string;
  /** Where it is known to stand, when it stands aside already; links are written for that place. */
  readonly place: string;
  /** Absolute, in the volume. */
  readonly dest: string;
  /** Who wins where both differ. */
  readonly wins: (local: BigIntStats) => 'container' | 'volume';
  /** A file that holds nothing yet. */
  readonly isPlaceholder: (path: string) => boolean;
}

const suffix = 'before-sync';

/** Throws BUSY for what can be in no volume. */
export function planMerge(options: MergeOptions): Merge {
  const steps: Step[] = [];
  const kept: KeptVersion[] = [];
  const seen: string[] = [];
  const taken = new Set<string>();
  const free = (path: string): string => {
    const name = keptName(path, (each) => taken.has(each) || exists(each), suffix);
    taken.add(name);
    return name;
  };
  visit(options.local, options.dest);
  const files = steps.filter((step) => step.do === 'file' || step.do === 'link').length;
  return { steps, kept, files, seen: seen.join('\n') };

  function visit(from: string, to: string): void {
    const stats = lstatSync(from, { bigint: true });
    seen.push(`${from} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.mode}`);
    const there = lstatSync(to, { throwIfNoEntry: false, bigint: true });
    if (there === undefined) copy(from, to, stats);
    else if (stats.isDirectory() && there.isDirectory()) children(from, to);
    else if (!isSame(from, to, stats, there)) clash(from, to, stats);
  }

  function children(from: string, to: string): void {
    for (const name of readdirSync(from)) visit(join(from, name), join(to, name));
  }

  function clash(from: string, to: string, stats: BigIntStats): void {
    if (options.isPlaceholder(to)) {
      copy(from, to, stats);
    } else if (options.isPlaceholder(from)) {
      // Nothing is in it.
    } else if (options.wins(stats) === 'container') {
      const as = free(to);
      steps.push({ do: 'keep', from: to, to: as });
      kept.push({ path: to, as, whose: 'volume' });
      copy(from, to, stats);
    } else {
      const as = free(to);
      kept.push({ path: to, as, whose: 'container' });
      copy(from, as, stats);
    }
  }

  function copy(from: string, to: string, stats: BigIntStats): void {
    if (stats.isDirectory()) {
      steps.push({ do: 'directory', from, to });
      for (const name of readdirSync(from)) {
        const child = join(from, name);
        const childStats = lstatSync(child, { bigint: true });
        seen.push(
          `${child} ${childStats.ino} ${childStats.size} ${childStats.mtimeNs} ${childStats.mode}`,
        );
        copy(child, join(to, name), childStats);
      }
    } else if (stats.isSymbolicLink()) {
      const text = linkText(from);
      // One that leads to its own place in the volume stands for what is there already.
      if (resolve(dirname(to), text) !== to) steps.push({ do: 'link', from, to, text });
    } else if (stats.isFile()) {
      steps.push({ do: 'file', from, to });
    } else {
      throw new CaiError('BUSY', `${from} is a socket, a pipe or a device.`, {
        path: from,
        next: 'End the program that made it, then run `cai sync` again.',
      });
    }
  }

  /** A relative link that leads out of what is moved is written absolute. */
  function linkText(from: string): string {
    const text = readlinkSync(from);
    if (isAbsolute(text)) return text;
    const place = options.place + from.slice(options.local.length);
    const leads = resolve(dirname(place), text);
    return isWithin(options.place, leads) ? text : leads;
  }
}

function isSame(from: string, to: string, a: BigIntStats, b: BigIntStats): boolean {
  if (a.isSymbolicLink()) {
    const leads = resolve(dirname(from), readlinkSync(from));
    if (leads === to) return true;
    return b.isSymbolicLink() && readlinkSync(from) === readlinkSync(to);
  }
  return a.isFile() && b.isFile() && a.size === b.size && digest(from) === digest(to);
}

function digest(path: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer))
      hash.update(buffer.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

function exists(path: string): boolean {
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

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

interface Draft extends MergeOptions {
  readonly steps: Step[];
  readonly kept: KeptVersion[];
  readonly seen: string[];
  /** Names for versions that give way. */
  readonly taken: Set<string>;
}

/** Throws BUSY for what can be in no volume. */
export function planMerge(options: MergeOptions): Merge {
  const draft: Draft = { ...options, steps: [], kept: [], seen: [], taken: new Set() };
  visit(draft, options.local, options.dest);
  const { steps, kept, seen } = draft;
  const files = steps.filter((step) => step.do === 'file' || step.do === 'link').length;
  return { steps, kept, files, seen: seen.join('\n') };
}

function visit(draft: Draft, from: string, to: string): void {
  const stats = look(draft, from);
  const there = lstatSync(to, { throwIfNoEntry: false, bigint: true });
  if (there === undefined) {
    copy(draft, { from, to, stats });
  } else if (stats.isDirectory() && there.isDirectory()) {
    for (const name of readdirSync(from)) visit(draft, join(from, name), join(to, name));
  } else if (!isSame(from, to, stats, there)) {
    clash(draft, { from, to, stats });
  }
}

function look({ seen }: Draft, path: string): BigIntStats {
  const stats = lstatSync(path, { bigint: true });
  seen.push(`${path} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.mode}`);
  return stats;
}

interface Copy {
  readonly from: string;
  readonly to: string;
  readonly stats: BigIntStats;
}

function clash(draft: Draft, { from, to, stats }: Copy): void {
  const { isPlaceholder, wins, steps, kept, taken } = draft;
  if (isPlaceholder(to)) {
    copy(draft, { from, to, stats });
    return;
  }
  // Nothing is in it.
  if (isPlaceholder(from)) return;
  const as = keptName(to, (path) => taken.has(path) || exists(path), 'before-sync');
  taken.add(as);
  if (wins(stats) === 'container') {
    steps.push({ do: 'keep', from: to, to: as });
    kept.push({ path: to, as, whose: 'volume' });
    copy(draft, { from, to, stats });
  } else {
    kept.push({ path: to, as, whose: 'container' });
    copy(draft, { from, to: as, stats });
  }
}

function copy(draft: Draft, { from, to, stats }: Copy): void {
  if (stats.isDirectory()) {
    draft.steps.push({ do: 'directory', from, to });
    for (const name of readdirSync(from)) {
      const child = join(from, name);
      copy(draft, { from: child, to: join(to, name), stats: look(draft, child) });
    }
  } else if (stats.isSymbolicLink()) {
    const text = linkText(draft, from);
    // One that leads to its own place in the volume stands for what is there already.
    if (resolve(dirname(to), text) !== to) draft.steps.push({ do: 'link', from, to, text });
  } else if (stats.isFile()) {
    draft.steps.push({ do: 'file', from, to });
  } else {
    throw new CaiError('BUSY', `${from} is a socket, a pipe or a device.`, {
      path: from,
      next: 'End the program that made it, then run `cai sync` again.',
    });
  }
}

/** A relative link that leads out of what is moved is written absolute. */
function linkText({ place: top, local }: Draft, from: string): string {
  const text = readlinkSync(from);
  if (isAbsolute(text)) return text;
  const place = top + from.slice(local.length);
  const leads = resolve(dirname(place), text);
  return isWithin(top, leads) ? text : leads;
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

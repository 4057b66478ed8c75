/**
 * The names that a write bears for a moment beside its file, and a note of them that outlives the process: what a
 * killed server left is found by the next one without a walk through the tree (sweep.ts). The note is a
 * directory in the root, hidden from sync and from git, there only while something is written.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ownerFile, thisOwner, touchEvery } from '../../replica/area-owner.ts';
import type { Path } from '../../tree/path.ts';
import { ownPrefix, parentPath } from '../../tree/path.ts';
import type { Spot } from './descend.ts';
import type { DiskPath } from './held.ts';

export const draftPrefix = `${ownPrefix}mcp-`;
export const noteFile = 'drafts';
/** Milliseconds after the last write for which the directory stays: more often come soon. */
const lingerMs = 1_000;
const maxNoted = 1_000;

/** One line of the note. */
export interface Noted {
  readonly directory: Path;
  readonly draft: string;
  /** Another name of the old file while it is replaced, and what that was. */
  readonly keep: string;
  readonly was?: Pick<Stats, 'ino' | 'size' | 'mtimeMs'>;
}

export interface Draft {
  readonly draft: DiskPath;
  readonly keep: DiskPath;
  /** Nothing bears the names any more. */
  done(): void;
}

export interface Drafts {
  /** Names beside a spot, noted before anything bears them; `was`: the file that is replaced. */
  begin(spot: Spot, was: Stats | undefined): Draft;
  close(): void;
}

export function createDrafts(root: string): Drafts {
  const at = join(root, `${draftPrefix}${randomBytes(6).toString('hex')}`);
  let underWay = 0;
  let noted = 0;
  let leave: NodeJS.Timeout | undefined;
  let touching: NodeJS.Timeout | undefined;

  const remove = (): void => {
    clearTimeout(leave);
    clearInterval(touching);
    leave = undefined;
    touching = undefined;
    noted = 0;
    attempt(() => rmSync(at, { recursive: true, force: true }));
  };
  const open = (): void => {
    clearTimeout(leave);
    leave = undefined;
    if (existsSync(at)) return;
    mkdirSync(at, { mode: 0o700 });
    writeFileSync(join(at, ownerFile), JSON.stringify(thisOwner()));
    writeFileSync(join(at, '.gitignore'), '*\n');
    touching ??= setInterval(() => attempt(() => touch(join(at, ownerFile))), touchEvery);
    touching.unref();
  };
  const note = (line: Noted): void => {
    open();
    const file = join(at, noteFile);
    if (underWay === 0 && noted >= maxNoted) {
      truncateSync(file);
      noted = 0;
    }
    appendFileSync(file, `${JSON.stringify(line)}\n`);
    noted += 1;
  };
  const done = (): void => {
    underWay -= 1;
    if (underWay > 0 || leave !== undefined) return;
    leave = setTimeout(remove, lingerMs);
    leave.unref();
  };
  return {
    begin(spot, was) {
      const [draft, keep] = [newName(), newName()];
      const names = { draft: spot.beside(draft), keep: spot.beside(keep), done };
      const directory = parentPath(spot.path);
      const old = was === undefined ? {} : { was: whatItWas(was) };
      // Where the root cannot be written to, a killed write leaves its draft.
      attempt(() => note({ directory, draft, keep, ...old }));
      underWay += 1;
      return names;
    },
    close: () => {
      if (underWay === 0) remove();
    },
  };
}

function newName(): string {
  return `${draftPrefix}${randomBytes(8).toString('hex')}`;
}

function whatItWas({ ino, size, mtimeMs }: Stats): NonNullable<Noted['was']> {
  return { ino, size, mtimeMs };
}

function touch(file: string): void {
  const now = Date.now() / 1000;
  utimesSync(file, now, now);
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The note is a help for the next server, and no reason not to write.
  }
}

/**
 * Clears up after servers that were killed in the middle of a write: their drafts go. Those of the living stay,
 * and so does an old file that somebody wrote to in the moment when it was replaced: nobody else has that.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstatSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDead } from '../../replica/area-owner.ts';
import { realFs } from '../../replica/fs-port.ts';
import type { Path } from '../../tree/path.ts';
import { joinPath, pathFault } from '../../tree/path.ts';
import { withSpot } from './descend.ts';
import type { Noted } from './drafts.ts';
import { draftPrefix, noteFile } from './drafts.ts';

const noteName = /^\.cai-mcp-[0-9a-f]{12}$/;
const draftName = /^\.cai-mcp-[0-9a-f]{16}$/;
const maxNoteBytes = 16 * 1024 * 1024;

/** Answers with the paths of old files that were left, since they are not what was replaced. */
export async function sweepDrafts(root: string): Promise<readonly Path[]> {
  const left: Path[] = [];
  for (const name of notesOf(root)) {
    try {
      const at = join(root, name);
      if (!isDead(realFs, at, fileSystemTime(root))) continue;
      const kept = await sweepNoted(root, readNote(join(at, noteFile)));
      if (kept.length === 0) rmSync(at, { recursive: true, force: true });
      left.push(...kept);
    } catch {
      // Not ours to take, or not now: the next start tries again.
    }
  }
  return left;
}

function notesOf(root: string): string[] {
  try {
    const entries = readdirSync(root, { withFileTypes: true });
    return entries.flatMap((entry) =>
      entry.isDirectory() && noteName.test(entry.name) ? [entry.name] : [],
    );
  } catch {
    return [];
  }
}

/** What the file system calls now, so that no other clock is compared with its times. */
function fileSystemTime(root: string): number {
  const cookie = join(root, `${draftPrefix}${randomBytes(8).toString('hex')}`);
  try {
    writeFileSync(cookie, '', { flag: 'wx', mode: 0o600 });
    return lstatSync(cookie).mtimeMs;
  } finally {
    rmSync(cookie, { force: true });
  }
}

function readNote(file: string): Noted[] {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > maxNoteBytes) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap(readLine);
}

/** The last line may be half written: then nothing bears its names yet. */
function readLine(line: string): Noted[] {
  try {
    const noted = JSON.parse(line) as Noted;
    const { directory, draft, keep } = noted;
    const isPlace = directory === '' || pathFault(directory) === undefined;
    return isPlace && draftName.test(draft) && draftName.test(keep) ? [noted] : [];
  } catch {
    return [];
  }
}

async function sweepNoted(root: string, lines: readonly Noted[]): Promise<Path[]> {
  const left: Path[] = [];
  for (const { directory, draft, keep, was } of lines) {
    await unlinkIf(root, joinPath(directory, draft), () => true);
    const gone = await unlinkIf(
      root,
      joinPath(directory, keep),
      (stat) =>
        // It has its own name still, or is what was to be replaced.
        stat.nlink > 1 ||
        (was?.ino === stat.ino && was.size === stat.size && was.mtimeMs === stat.mtimeMs),
    );
    if (!gone) left.push(joinPath(directory, keep));
  }
  return left;
}

/** False when a file stays there. */
function unlinkIf(root: string, path: Path, isOurs: (stat: Stats) => boolean): Promise<boolean> {
  return withSpot({ root, path, follow: false }, ({ at, stat }) => {
    if (stat === undefined || !stat.isFile()) return true;
    if (!isOurs(stat)) return false;
    unlinkSync(at);
    return true;
  }).catch(() => true);
}

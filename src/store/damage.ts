/** Moves a damaged database aside. Nothing is deleted: somebody may want to get something out of it. */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { toCaiError } from '../errors.ts';
import { databaseFiles, fileMode, makePrivateDirectory } from './files.ts';

/** The database must be closed. Returns the directory that now holds its files, and `reason.txt`. */
export function moveAside(directory: string, reason: string, now: number): string {
  const movedTo = newDirectory(
    join(directory, `damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`),
  );
  try {
    // The database first: a log without its database is found at the next start, the reverse is not.
    for (const file of databaseFiles(directory)) renameSync(file, join(movedTo, basename(file)));
    writeFileSync(join(movedTo, 'reason.txt'), `${reason}\n`, { mode: fileMode });
    return movedTo;
  } catch (thrown) {
    throw toCaiError(thrown, movedTo);
  }
}

function newDirectory(wanted: string): string {
  for (let n = 1; ; n += 1) {
    const directory = n === 1 ? wanted : `${wanted}-${n}`;
    if (existsSync(directory)) continue;
    makePrivateDirectory(directory);
    return directory;
  }
}

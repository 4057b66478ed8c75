/**
 * One process writes a store. The lock is an exclusive transaction on a database of its own, so that
 * it goes with the process however that ends, and readers of the real database are not in its way.
 */
import { CaiError } from '../errors.ts';
import { makePrivateFile } from './files.ts';
import { openDatabase, sqliteCode } from './sqlite.ts';

export interface Lock {
  release(): void;
}

/** Takes the lock, or fails with BUSY at once. */
export function takeLock(file: string): Lock {
  makePrivateFile(file);
  const database = openDatabase(file);
  try {
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if (sqliteCode(thrown) !== 5) throw unusable(file, thrown);
    throw new CaiError('BUSY', 'The session is in use by another cai process.', {
      cause: thrown,
      path: file,
      next: 'Stop that process first (cai stop), or use the session that runs.',
    });
  }
  return { release: () => database.close() };
}

function unusable(file: string, thrown: unknown): CaiError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CaiError('STATE', `The session cannot be locked: ${message}.`, {
    cause: thrown,
    path: file,
    next: 'Check the permissions of the state directory and remove this file.',
  });
}

/** Names and modes of everything in a store's directory: nobody but its owner can read any of it. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { toCaiError } from '../errors.ts';

export const directoryMode = 0o700;
export const fileMode = 0o600;

/** SQLite's own files beside a database, with the database itself first. */
export const databaseSuffixes = ['', '-wal', '-shm', '-journal'] as const;

export interface StoreFiles {
  readonly directory: string;
  readonly database: string;
  readonly lock: string;
  readonly objects: string;
}

export function storeFiles(directory: string): StoreFiles {
  return {
    directory,
    database: join(directory, 'state.db'),
    lock: join(directory, 'lock.db'),
    objects: join(directory, 'objects'),
  };
}

/** Makes a directory (and those above it) that only its owner may enter. */
export function makePrivateDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: directoryMode });
    chmodSync(directory, directoryMode);
  } catch (thrown) {
    throw toCaiError(thrown, directory);
  }
}

/**
 * Makes an empty file that only its owner may read, if there is none. SQLite gives the files that it
 * makes beside a database the mode of the database. An existing file is not opened: closing any
 * descriptor of a file lets go every lock that this process has on it.
 */
export function makePrivateFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', fileMode));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw toCaiError(thrown, file);
  }
}

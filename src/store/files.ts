/** Names and modes of everything in a store's directory: nobody but its owner can read any of it. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { toCaiError } from '../errors.ts';

export const directoryMode = 0o700;
export const fileMode = 0o600;

export interface StoreFiles {
  readonly directory: string;
  readonly lock: string;
  readonly objects: string;
  readonly texts: string;
}

export function storeFiles(directory: string): StoreFiles {
  return {
    directory,
    lock: join(directory, 'lock.db'),
    objects: join(directory, 'objects'),
    texts: join(directory, 'texts'),
  };
}

/**
 * The database is `state.db`, or `state-WHEN.db` when damage was found at WHEN. The name of a damaged
 * one is not used again: the package that stands in for node:sqlite closes a database only when its
 * statements have been collected as garbage, and SQLite then deletes the database's log by name.
 */
export function databaseFile(directory: string, damagedDirectory?: string): string {
  const when =
    damagedDirectory === undefined ? '' : basename(damagedDirectory).slice('damaged'.length);
  return join(directory, `state${when}.db`);
}

/** The database that is there, if one is. */
export function findDatabase(directory: string): string | undefined {
  return databaseFiles(directory).find((file) => file.endsWith('.db'));
}

/** The database and what SQLite keeps beside it, the database first. */
export function databaseFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) =>
    /^state(-[\dTZ-]+)?\.db(-[a-z]+)?$/.test(name),
  );
  return names.sort((a, b) => a.length - b.length).map((name) => join(directory, name));
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

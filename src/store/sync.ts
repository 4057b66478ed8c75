/** Makes files and their names durable: one by one when they are few, with one `sync` when many. */
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { toCaiError } from '../errors.ts';

/** From this many files on, writing out the whole file system is cheaper than asking for each. */
const bulk = 200;

/** `root` is the directory that holds the files' directories. */
export function syncFiles(root: string, files: readonly string[]): void {
  if (files.length === 0) return;
  if (files.length >= bulk && syncFileSystem(root)) return;
  for (const file of files) fsync(file);
  for (const directory of new Set(files.map((file) => dirname(file)))) fsync(directory);
  fsync(root);
}

function syncFileSystem(root: string): boolean {
  if (process.platform !== 'linux') return false;
  return spawnSync('sync', ['-f', root], { stdio: 'ignore', timeout: 60_000 }).status === 0;
}

function fsync(path: string): void {
  try {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (thrown) {
    throw toCaiError(thrown, path);
  }
}

/** Makes files and their names durable: one by one when they are few, with one `sync` when many. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toCaiError } from '../errors.ts';

/** From this many files on, writing out the whole file system is cheaper than asking for each. */
const bulk = 32;
const atOnce = 4;

/** `root` is the directory that holds the files' directories. */
export function syncFiles(root: string, files: readonly string[]): void {
  if (files.length === 0) return;
  if (files.length >= bulk && syncFileSystem(root)) return;
  for (const file of files) fsync(file);
  for (const directory of new Set(files.map((file) => dirname(file)))) fsync(directory);
  fsync(root);
}

/** The same without standing still. */
export async function syncFilesSoon(root: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  if (files.length >= bulk && (await syncFileSystemSoon(root))) return;
  const left = [...files, ...new Set(files.map((file) => dirname(file))), root].reverse();
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await fsyncSoon(next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function syncFileSystemSoon(root: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const child = spawn('sync', ['-f', root], { stdio: 'ignore', timeout: 60_000 });
  const ended = await once(child, 'exit').catch(() => [1]);
  return ended[0] === 0;
}

async function fsyncSoon(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw toCaiError(thrown, path);
  }
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

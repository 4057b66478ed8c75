/**
 * Where an archive goes: to a file, which appears under its name only when it is complete and verified,
 * or to standard output. For its owner alone: it holds what the volume holds, secrets too.
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { CaiError, toCaiError } from '../../errors.ts';
import { expandHome } from '../workspace.ts';

export type Output =
  | { readonly kind: 'stdout'; readonly stream: Writable }
  | {
      readonly kind: 'file';
      /** Absolute. */
      readonly path: string;
      readonly draft: string;
      readonly stream: Writable;
      /** Gives the draft its name. */
      commit(): Promise<void>;
      discard(): Promise<void>;
    };

/** `containai-export-YYYYMMDD-HHMMSS.tgz`, local time. */
export function exportName(time: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  const clock = `${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
  return `containai-export-${day}-${clock}.tgz`;
}

/** Where `-o OUTPUT` leads: nothing and a directory take the default name. Throws USAGE, ROOT. */
export async function outputPath(
  output: string | undefined,
  { cwd = process.cwd(), now = new Date() }: { cwd?: string; now?: Date } = {},
): Promise<string> {
  const asked = expandHome(output ?? '.');
  const path = resolve(cwd, asked);
  const there = await stat(path).catch(() => undefined);
  const file = there?.isDirectory() || /[\\/]$/.test(asked) ? join(path, exportName(now)) : path;
  const target = await stat(file).catch(() => undefined);
  if (target !== undefined && !target.isFile())
    throw new CaiError('USAGE', `${file} is there, and is no file.`, {
      path: file,
      next: 'Name a file or a directory; `-o -` writes to standard output.',
    });
  if ((await stat(dirname(file)).catch(() => undefined))?.isDirectory() === true) return file;
  throw new CaiError('ROOT', `There is no directory ${dirname(file)}.`, {
    path: file,
    next: 'Make it first, or name another with -o.',
  });
}

const draftName = /^\.cai-export-(\d+)-[0-9a-f]+\.tmp$/;

/** Begins a draft beside the path. Throws PERMISSION, NO_SPACE and such. */
export async function openOutput(path: string): Promise<Output & { kind: 'file' }> {
  await sweep(dirname(path));
  const name = `.cai-export-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  const draft = join(dirname(path), name);
  const file = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    throw toCaiError(error, path);
  });
  const discard = (): Promise<void> => rm(draft, { force: true });
  // Not one of node's own on the file: those close it, too, and whoever is second finds it closed.
  let writing = Promise.resolve();
  const stream = new Writable({
    highWaterMark: 1024 * 1024,
    write(bytes: Uint8Array, _encoding, done) {
      writing = file.writeFile(bytes);
      writing.then(() => done(), done);
    },
  });
  return {
    kind: 'file',
    path,
    draft,
    stream,
    async commit() {
      await file.sync();
      await file.close();
      await rename(draft, path);
      const directory = await open(dirname(path));
      // Some file systems cannot make a directory durable; the file is.
      await directory.sync().catch(() => {});
      await directory.close();
    },
    async discard() {
      stream.destroy();
      await writing.catch(() => {});
      await file.close().catch(() => {});
      await discard();
    },
  };
}

/** Drafts of exports that were killed. */
async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = draftName.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(directory, basename(name)), { force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

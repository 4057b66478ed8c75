/**
 * The far side's rsync: `rsync --server`, its protocol on stdin and stdout. It runs in the directory that
 * it is for, with arguments that were checked, and never longer than the call that wanted it.
 */
import { spawn } from 'node:child_process';
import { CaiError } from '../errors.ts';
import { serverArguments } from './arguments.ts';
import { environment, killGroup, program } from './environment.ts';

export interface ServeRsync {
  /** As the client made them. */
  readonly args: readonly unknown[];
  /** What it sends from, or receives into. */
  readonly directory: string;
  /** With older versions of the files; absolute. */
  readonly root: string;
  readonly signal?: AbortSignal | undefined;
}

const maxTail = 500;

/** What the server says; ends with it. */
export async function* serveRsync(
  { args, directory, root, signal }: ServeRsync,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = spawn(program, serverArguments(args, root), {
    cwd: directory,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environment(),
    detached: true,
    windowsHide: true,
  });
  const failed = new Promise<Error | undefined>((resolve) => {
    child.once('error', resolve);
    child.once('close', () => resolve(undefined));
  });
  let tail = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    tail = (tail + text).slice(-maxTail);
  });
  // It may end before it has read all.
  child.stdin.on('error', () => undefined);
  const kill = (): void => killGroup(child);
  signal?.addEventListener('abort', kill);
  if (signal?.aborted) kill();
  void feed(child.stdin, input).catch(kill);
  let said = 0;
  try {
    for await (const chunk of child.stdout) {
      said += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    const error = await failed;
    if (said > 0) return;
    const why = error?.message ?? (tail.trim() === '' ? 'it said nothing' : tail.trim());
    throw new CaiError('IO', `rsync did not serve: ${why}`);
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
    await failed;
  }
}

/** Writes all of it, no faster than it is taken. */
export async function feed(
  output: NodeJS.WritableStream,
  input: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const chunk of input) {
    if (!output.writable) return;
    if (output.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        output.off('drain', go);
        output.off('close', go);
        resolve();
      };
      output.on('drain', go);
      output.on('close', go);
    });
  }
  output.end();
}

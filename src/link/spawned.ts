/** A transport that is a child process: its stdin and stdout. Never through a shell. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { within } from '../docker/within.ts';
import { cleanText } from '../replica/clean.ts';
import type { Transport, TransportEnd } from './transport.ts';

export interface SpawnedOptions {
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Milliseconds that the far side gets to end by itself, and again after SIGTERM. Default 2000. */
  readonly graceMs?: number;
}

const maxTail = 2000;

export function spawnTransport({ name, command, graceMs = 2000 }: SpawnedOptions): Transport {
  const [program, ...args] = command as readonly [string, ...string[]];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  const tail = createTail(child);
  const ended = new Promise<TransportEnd>((resolve) => {
    child.once('error', ({ message, code }: NodeJS.ErrnoException) =>
      resolve({
        reason: message,
        exitCode: null,
        ...(code === undefined ? {} : { spawnFault: code }),
      }),
    );
    child.once('close', (code, signal) => {
      const reason = code === null ? `${name} was ended by ${signal}` : `${name} ended (${code})`;
      resolve({ reason, exitCode: code });
    });
  });
  let closing: Promise<void> | undefined;
  return {
    name,
    input: child.stdout,
    output: child.stdin,
    ended,
    errorTail: tail,
    close() {
      closing ??= end(child, ended, graceMs);
      return closing;
    },
  };
}

function createTail(child: ChildProcessWithoutNullStreams): () => string {
  let text = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (more: string) => {
    text = (text + more).slice(-maxTail);
  });
  child.stderr.on('error', () => {});
  return () => cleanText(text.trim(), maxTail);
}

async function end(
  child: ChildProcessWithoutNullStreams,
  ended: Promise<TransportEnd>,
  graceMs: number,
): Promise<void> {
  // Nobody may listen any more, and an unheard error would end this process.
  child.stdin.on('error', () => {});
  child.stdin.end();
  if (await within(ended, graceMs)) return;
  child.kill('SIGTERM');
  if (await within(ended, graceMs)) return;
  child.kill('SIGKILL');
  // A process further down may hold the pipes open for ever.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  await ended;
}

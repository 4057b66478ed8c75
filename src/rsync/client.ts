/**
 * The host's rsync: the client, whose other end is wherever the tunnel leads. What comes back is hostile:
 * it is counted, and beyond what was asked for the process is ended; what it wrote is checked by whoever
 * owns the directory (src/replica/intake.ts).
 */
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { CaiError } from '../errors.ts';
import { clientArguments, type Direction } from './arguments.ts';
import { connectorCommand, splitHead, tunnelDescriptor } from './connector.ts';
import { environment, killGroup, program } from './environment.ts';
import { type RsyncProgress, readProgress } from './progress.ts';
import { feed } from './server.ts';

export interface RunRsync {
  readonly direction: Direction;
  /** As for `clientArguments`. */
  readonly basis?: string | undefined;
  /** What is sent from, or received into. */
  readonly directory: string;
  /** The files: paths as bytes, each followed by a zero. */
  readonly list: Uint8Array;
  /**
   * Starts the server with these arguments; takes what goes to it, answers with what it says. `over`: nobody
   * listens any more.
   */
  readonly tunnel: (
    args: readonly string[],
    input: AsyncIterable<Uint8Array>,
    over: AbortSignal,
  ) => AsyncIterable<Uint8Array>;
  /** Seconds of silence after which it is given up; rsync fills waits with signs of life. Default 30. */
  readonly stall?: number;
  /** Milliseconds that all of it may take. */
  readonly deadlineMs: number;
  /** Bytes that the far side may say in all. */
  readonly most: number;
  readonly onProgress: (progress: RsyncProgress) => void;
  readonly signal: AbortSignal;
}

const maxTail = 1000;

/** Runs to its end. Fails with CANCELLED, TIMEOUT, PROTOCOL (too much was said) or IO (rsync's own account). */
export async function runRsync(run: RunRsync): Promise<void> {
  const { direction, basis, directory, list, signal, stall, deadlineMs } = run;
  const shell = connectorCommand();
  const args = clientArguments({
    direction,
    basis,
    shell,
    ...(stall === undefined ? {} : { stall }),
  });
  const child = spawn(program, args, {
    cwd: directory,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: environment(),
    detached: true,
    windowsHide: true,
  });
  const kill = (): void => killGroup(child);
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, by) =>
      resolve(code === 0 ? undefined : `it ended with ${code ?? by}`),
    );
  });
  const tail = readOutputs(child, run);
  const { stdin } = child;
  stdin?.on('error', () => undefined);
  stdin?.end(list);
  signal.addEventListener('abort', kill);
  if (signal.aborted) kill();
  const tunnel = child.stdio[tunnelDescriptor] as unknown as Duplex;
  // Its end is awaited with those of the others, and it is held open from here.
  child.once('exit', () => tunnel.destroy());
  let lost: unknown;
  const deadline = setTimeout(() => {
    lost = new CaiError('TIMEOUT', 'rsync did not come to an end.');
    kill();
  }, deadlineMs);
  const over = new AbortController();
  carry(tunnel, run, over.signal).catch((error: unknown) => {
    lost ??= error;
    kill();
  });
  try {
    const fault = await ended;
    if (signal.aborted) throw new CaiError('CANCELLED', 'The transfer was cancelled.');
    if (fault === undefined) return;
    if (lost instanceof CaiError) throw lost;
    throw new CaiError('IO', `rsync failed: ${tail() || fault}`, { cause: lost });
  } finally {
    clearTimeout(deadline);
    over.abort();
    signal.removeEventListener('abort', kill);
    kill();
  }
}

function readOutputs(child: ReturnType<typeof spawn>, { onProgress }: RunRsync): () => string {
  child.stdout?.setEncoding('utf8').on('data', readProgress(onProgress));
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-maxTail);
  });
  // What the far side made it say goes to a terminal in the end.
  return () =>
    tail
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 300);
}

/** Carries the protocol between the connector and the far side until either ends. */
async function carry(
  tunnel: Duplex,
  { tunnel: open, most }: RunRsync,
  over: AbortSignal,
): Promise<void> {
  tunnel.on('error', () => undefined);
  const bytes = tunnel[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  let split = splitHead(head);
  while (split === undefined) {
    const next = await bytes.next();
    if (next.done === true) return;
    head = Buffer.concat([head, next.value]);
    split = splitHead(head);
  }
  const { args, rest } = split;
  await feed(tunnel, counted(open(args, upward(rest, bytes), over), most));
}

async function* upward(
  first: Buffer,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  most: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) throw new CaiError('PROTOCOL', 'More came through rsync than was asked for.');
    yield chunk;
  }
}

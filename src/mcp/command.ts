/**
 * Runs a program with an argument array, never through a shell; it and all that it started end when its
 * time is over or the client cancels. What it prints is bounded in memory: the beginning and the end stay.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { CaiError } from '../errors.ts';
import type { DiskPath } from './disk/held.ts';

export interface CommandInput {
  readonly command: readonly string[];
  readonly cwd: DiskPath;
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly onOutput: (bytes: number, text: string) => void;
}

export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly output: string;
  /** Bytes that were printed and are not in the output. */
  readonly omitted: number;
  readonly ms: number;
}

const graceMs = 2000;
const running = new Set<ChildProcess>();

export async function runProgram(given: CommandInput): Promise<CommandEnd> {
  const { timeoutMs, signal } = given;
  const start = performance.now();
  const child = startChild(given);
  const kept = createKept(given.maxBytes);
  let timedOut = false;
  let killer: NodeJS.Timeout | undefined;
  const end = (): void => {
    kill(child, 'SIGTERM');
    killer ??= setTimeout(() => kill(child, 'SIGKILL'), graceMs);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      kept.add(chunk);
      given.onOutput(kept.total(), chunk.subarray(-400).toString());
    });
  try {
    const { code, by } = await ended(child);
    const ms = Math.round(performance.now() - start);
    return { exitCode: code, signal: by, timedOut, ...kept.take(), ms };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    signal.removeEventListener('abort', end);
    // What it left in the background goes too.
    kill(child, 'SIGKILL');
    running.delete(child);
  }
}

/** For the end of the server. */
export function endAllPrograms(): void {
  for (const child of running) kill(child, 'SIGKILL');
}

// Also an end that nobody announces: when nobody reads what it answers, the process ends at once.
process.once('exit', endAllPrograms);

function startChild({ command, cwd, environment, input }: CommandInput): ChildProcess {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, {
    cwd: cwd.toString(),
    env: { ...withoutSecrets(process.env), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that everything it starts can be ended with it.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  running.add(child);
  // It need not read what it is given.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return child;
}

/** The tokens of cai's own servers and the model's key are nothing for programs that an agent runs. */
function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = { ...environment };
  for (const name of [
    'CAI_MCP_TOKEN',
    'CAI_TELEGRAM_TOKEN',
    'CAI_TELEGRAM_SECRET',
    'ANTHROPIC_API_KEY',
  ])
    delete rest[name];
  return rest;
}

function ended(child: ChildProcess): Promise<{ code: number | null; by: string | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const program = child.spawnargs[0] ?? '';
      const missing = cause.code === 'ENOENT';
      const message = missing
        ? `There is no program ${program}.`
        : `${program} cannot be run (${cause.code}).`;
      reject(new CaiError(missing ? 'NOT_FOUND' : 'PERMISSION', message, { cause }));
    });
    // A child of it may hold the pipes open for ever: its own end is what counts, and a moment for the rest.
    child.once('exit', (code, by) => {
      const late = setTimeout(() => resolve({ code, by }), 500);
      child.once('close', () => {
        clearTimeout(late);
        resolve({ code, by });
      });
    });
  });
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It and its group have ended.
  }
}

function createKept(maxBytes: number) {
  const half = Math.floor(maxBytes / 2);
  const head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let total = 0;
  return {
    total: () => total,
    add(chunk: Buffer): void {
      total += chunk.length;
      const room = half - headBytes;
      if (room > 0) {
        head.push(chunk.subarray(0, room));
        headBytes += Math.min(room, chunk.length);
      }
      if (chunk.length <= room) return;
      tail.push(chunk.subarray(Math.max(0, room)));
      tailBytes += chunk.length - Math.max(0, room);
      if (tailBytes <= 2 * maxBytes) return;
      tail = [lastOf(Buffer.concat(tail), half)];
      tailBytes = half;
    },
    take(): { output: string; omitted: number } {
      const end = lastOf(Buffer.concat(tail), half);
      const omitted = total - headBytes - end.length;
      // A character may lie across the two.
      if (omitted === 0) return { output: Buffer.concat([...head, end]).toString(), omitted };
      const gap = `\n… ${omitted} bytes left out …\n`;
      return { output: Buffer.concat(head).toString() + gap + end.toString(), omitted };
    },
  };
}

/** Not subarray(-count): that is all of it for 0. */
function lastOf(bytes: Buffer, count: number): Buffer {
  return bytes.subarray(Math.max(0, bytes.length - count));
}

/**
 * Keeps processes running: what ends is started again, with growing distance when it ends at once. When
 * it is told to stop, all of them end within the grace, gently if they can.
 */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Service {
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly string[];
}

export interface SuperviseOptions {
  readonly signal: AbortSignal;
  /** Gets every line that a service says, and what happens to it. */
  readonly log: (service: string, line: string) => void;
  /** Milliseconds from SIGTERM to SIGKILL. Default 3000. */
  readonly graceMs?: number;
  /** Milliseconds until the first restart. Default 500. */
  readonly firstDelayMs?: number;
}

const longestDelayMs = 10_000;
/** Who ran for so long starts afresh. */
const steadyMs = 30_000;
const maxLine = 4096;

/** Resolves when the signal was given and every process has ended. */
export async function supervise(
  services: readonly Service[],
  options: SuperviseOptions,
): Promise<void> {
  await Promise.all(services.map((service) => keep(service, options)));
}

async function keep(service: Service, options: SuperviseOptions): Promise<void> {
  const { signal, log, firstDelayMs = 500 } = options;
  let delay = firstDelayMs;
  while (!signal.aborted) {
    const started = Date.now();
    const end = await runOnce(service, options);
    if (signal.aborted) return;
    if (Date.now() - started > steadyMs) delay = firstDelayMs;
    log(service.name, `${end}; starting again in ${delay} ms`);
    await pause(delay, signal);
    delay = Math.min(delay * 2, longestDelayMs);
  }
}

function runOnce({ name, command }: Service, options: SuperviseOptions): Promise<string> {
  const { signal, log, graceMs = 3000 } = options;
  const [program, ...args] = command as readonly [string, ...string[]];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) tellLines(stream, (line) => log(name, line));
  return new Promise((resolve) => {
    const onAbort = (): void => end(child, graceMs);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (how: string): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(how);
    };
    child.once('error', (error) => done(`cannot be run (${error.message})`));
    child.once('close', (code, by) => done(code === null ? `ended by ${by}` : `ended (${code})`));
  });
}

function end(child: ChildProcess, graceMs: number): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  child.once('close', () => clearTimeout(timer));
}

function tellLines(stream: NodeJS.ReadableStream, tell: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-maxLine);
    for (const line of lines) if (line.trim() !== '') tell(line.trimEnd());
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}

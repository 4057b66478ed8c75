/**
 * Runs the engine's own command (docker or podman) with an argument array, never through a shell. It does
 * the talking, so contexts, DOCKER_HOST and logins work as they do for its user.
 */
import { spawn } from 'node:child_process';
import { CaiError } from '../errors.ts';

/** Program with its own arguments, e.g. ["docker", "--context", "x"]. */
export type EngineCommand = readonly string[];

export interface EngineResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface EngineOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 20,000. */
  readonly timeoutMs?: number;
  /** The option that names another command. Default --docker. */
  readonly flag?: string;
}

const maxOutput = 8 * 1024 * 1024;

/** Runs to the end, whatever the exit code. Fails with NO_ENGINE, TIMEOUT or CANCELLED. */
export function runEngine(
  command: EngineCommand,
  args: readonly string[],
  { signal, timeoutMs = 20_000, flag = '--docker' }: EngineOptions = {},
): Promise<EngineResult> {
  const [program, ...own] = command as readonly [string, ...string[]];
  const deadline = AbortSignal.timeout(timeoutMs);
  const child = spawn(program, [...own, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
  });
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        output[name] += text;
        if (output[name].length > maxOutput) child.kill();
      });
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(new CaiError('CANCELLED', `${program} was cancelled.`));
      else if (deadline.aborted) reject(late(program, timeoutMs));
      else reject(notInstalled(program, flag, error));
    });
    child.once('close', (code) => resolve({ code: code ?? -1, ...output }));
  });
}

function notInstalled(program: string, flag: string, error: NodeJS.ErrnoException): CaiError {
  const missing = error.code === 'ENOENT';
  return new CaiError(
    'NO_ENGINE',
    missing ? `${program} is not installed.` : `${program} cannot be run: ${error.message}`,
    { next: `Install ${program}, or name another command with ${flag}.`, cause: error },
  );
}

function late(program: string, ms: number): CaiError {
  return new CaiError('TIMEOUT', `${program} did not answer within ${ms / 1000} s.`, {
    next: `Look whether "${program} version" answers.`,
  });
}

const unreachable =
  /cannot connect to the docker daemon|is the docker daemon running|error during connect|failed to connect to the docker api|dial (tcp|unix)|connection refused/i;
const forbidden = /permission denied while trying to connect/i;

/** What an engine's complaint means when its daemon does not answer; else undefined. */
export function daemonFault(command: EngineCommand, stderr: string): CaiError | undefined {
  const [program] = command as readonly [string, ...string[]];
  if (forbidden.test(stderr)) {
    return new CaiError('NO_ENGINE', `You have no permission to talk to the ${program} daemon.`, {
      next: 'Add yourself to its group (sudo usermod -aG docker $USER) and log in again.',
    });
  }
  if (!unreachable.test(stderr)) return undefined;
  return new CaiError('NO_ENGINE', `The ${program} daemon does not answer: ${firstLine(stderr)}`, {
    next: 'Start it (sudo systemctl start docker, or Docker Desktop), or check DOCKER_HOST and the context.',
  });
}

export function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').replace(/\p{Cc}/gu, ' ').slice(0, 300);
}

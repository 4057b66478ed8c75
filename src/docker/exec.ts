/** Runs a program in a container with this process's own terminal; its end is this command's end. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CaiError } from '../errors.ts';
import type { EngineCommand } from './engine.ts';

export interface ExecOptions {
  readonly command: EngineCommand;
  readonly container: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The exit code. */
export function execInContainer(options: ExecOptions): Promise<number> {
  const { command, container, args, directory, environment } = options;
  const [program, ...own] = command as readonly [string, ...string[]];
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const variables = Object.entries(environment).flatMap(([key, value]) => [
    '-e',
    `${key}=${value}`,
  ]);
  const exec = ['exec', '-i', ...(terminal ? ['-t'] : []), '-w', directory, ...variables];
  const child = spawn(program, [...own, ...exec, container, ...args], { stdio: 'inherit' });
  // The engine's client hears of Ctrl-C itself; this process waits for its end.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  const stop = (): void => void child.kill('SIGTERM');
  process.once('SIGTERM', stop);
  return new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new CaiError('NO_ENGINE', `${program} cannot be run: ${error.message}`, { cause: error }),
      ),
    );
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  }).finally(() => {
    process.off('SIGINT', ignore);
    process.off('SIGTERM', stop);
  });
}

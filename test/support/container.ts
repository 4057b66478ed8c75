/**
 * Real containers for tests: started from the test images, named uniquely, labelled with the run,
 * removed when the test file ends (and by global-setup.ts when the worker died before that).
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { images } from '../../scripts/probe.mjs';
import { runLabel } from './runs.ts';

export { images };

export interface ContainerOptions {
  /** Default: Debian with node, git and rsync. `images.plain` has no node. */
  readonly image?: string;
  readonly name?: string;
  /** Further arguments for `docker run`, before the image. */
  readonly args?: readonly string[];
  /** User of the container's processes; `dev` is uid 1000. Default root. */
  readonly user?: string;
  readonly readOnly?: boolean;
  /** As for `docker run --network`; default none. */
  readonly network?: string;
  /** As for `docker run -v`: SOURCE:TARGET[:OPTIONS]. */
  readonly volumes?: readonly string[];
  /** As for `docker run --tmpfs`: TARGET[:OPTIONS]. */
  readonly tmpfs?: readonly string[];
}

export interface ExecOptions {
  readonly input?: string | Uint8Array;
  readonly user?: string;
  /** Answer with the exit code instead of failing when it is not 0. */
  readonly anyCode?: boolean;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Container {
  readonly name: string;
  readonly id: string;
  exec(args: readonly string[], options?: ExecOptions): Promise<Output>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends its processes at once, as a crash would. */
  kill(): Promise<void>;
  remove(): Promise<void>;
}

const left = new Set<string>();

export async function startContainer(options: ContainerOptions = {}): Promise<Container> {
  const name = options.name ?? `cai-test-${randomBytes(5).toString('hex')}`;
  left.add(name);
  const { stdout } = await docker(['run', '-d', '--name', name, ...runArguments(options)]);
  return {
    name,
    id: stdout.trim(),
    exec: (args, { input, user, anyCode } = {}) =>
      docker(
        [
          'exec',
          ...(input === undefined ? [] : ['-i']),
          ...(user === undefined ? [] : ['-u', user]),
          name,
          ...args,
        ],
        {
          ...(input === undefined ? {} : { input }),
          ...(anyCode === undefined ? {} : { anyCode }),
        },
      ),
    stop: () => ignoreOutput(docker(['stop', '-t', '5', name])),
    start: () => ignoreOutput(docker(['start', name])),
    kill: () => ignoreOutput(docker(['kill', name])),
    remove: () => removeContainer(name),
  };
}

function runArguments(options: ContainerOptions): string[] {
  return [
    '--label',
    `${runLabel}=${inject('runId')}`,
    '--network',
    options.network ?? 'none',
    ...(options.user === undefined ? [] : ['--user', options.user]),
    ...(options.readOnly ? ['--read-only'] : []),
    ...(options.volumes ?? []).flatMap((volume) => ['-v', volume]),
    ...(options.tmpfs ?? []).flatMap((mount) => ['--tmpfs', mount]),
    ...(options.args ?? []),
    options.image ?? images.node,
  ];
}

/** A named volume that is removed with the run's containers. */
export async function createVolume(): Promise<string> {
  const name = `cai-test-${randomBytes(5).toString('hex')}`;
  await docker(['volume', 'create', '--label', `${runLabel}=${inject('runId')}`, name]);
  return name;
}

async function removeContainer(name: string): Promise<void> {
  await docker(['rm', '-f', '-v', name], { anyCode: true });
  left.delete(name);
}

afterAll(async () => {
  await Promise.all([...left].map(removeContainer));
});

async function ignoreOutput(output: Promise<Output>): Promise<void> {
  await output;
}

/** Runs `docker ARGS`; fails with its stderr when it does not end with 0. */
export function docker(
  args: readonly string[],
  options: Pick<ExecOptions, 'input' | 'anyCode'> = {},
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    // A command that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('close', (status) => {
      const code = status ?? 1;
      const output = {
        code,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      };
      if (code === 0 || options.anyCode) resolve(output);
      else
        reject(new Error(`docker ${args.join(' ')} ended with ${code}: ${output.stderr.trim()}`));
    });
  });
}

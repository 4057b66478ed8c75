/** The built command as a person runs it, each test with a state directory of its own. */
import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { builtCli } from './built.ts';
import type { Output } from './container.ts';
import { temporaryDirectory } from './tree.ts';

export interface RunOptions {
  readonly cwd?: string;
  /** Program and arguments that run the command, e.g. ["unshare", "-r"]. */
  readonly through?: readonly string[];
  /** Seconds; default 90. */
  readonly seconds?: number;
}

export interface Cai {
  readonly stateDirectory: string;
  /** Runs `cai ARGS`; answers with what it said, whatever the exit code. */
  run(args: readonly string[], options?: RunOptions): Promise<Output>;
  /** As run, fails unless the exit code is `code` (default 0), and reads the JSON on stdout. */
  json<T>(args: readonly string[], options?: RunOptions & { readonly code?: number }): Promise<T>;
}

/** A state directory; its sessions must be ended before the test ends (session.ts does that). */
export function newCai(stateDirectory = temporaryDirectory('cai-state-')): Cai {
  const run: Cai['run'] = (args, options = {}) => runCai(stateDirectory, args, options);
  return {
    stateDirectory,
    run,
    async json<T>(args: readonly string[], options: RunOptions & { code?: number } = {}) {
      const output = await run([...args, '--json'], options);
      if (output.code !== (options.code ?? 0)) throw new Error(complaint(args, output));
      return JSON.parse(output.stdout) as T;
    },
  };
}

export function complaint(args: readonly string[], { code, stdout, stderr }: Output): string {
  return `cai ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`;
}

function runCai(
  stateDirectory: string,
  args: readonly string[],
  { cwd, through = [], seconds = 90 }: RunOptions,
): Promise<Output> {
  const [program, ...rest] = [...through, process.execPath, builtCli(), ...args] as [string];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: cwd ?? stateDirectory,
      env: environment(stateDirectory),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const late = signal === null ? '' : `ended by ${signal} (${seconds} s)\n`;
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(out).toString(),
        stderr: late + Buffer.concat(err).toString(),
      });
    });
  });
}

/** Without the configuration of who runs the tests; a test that has a home of its own has its own configuration too. */
export function environment(stateDirectory: string): NodeJS.ProcessEnv {
  const ownHome = process.env.HOME !== undefined && process.env.HOME !== userInfo().homedir;
  const config = ownHome ? {} : { XDG_CONFIG_HOME: join(stateDirectory, 'config') };
  return { ...process.env, ...config, CAI_STATE_DIR: stateDirectory };
}

/** For tests: runs the command line as a process of its own, with a fake engine in it. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { onTestFinished } from 'vitest';
import type { FakeBehaviour } from './fake-engine.ts';

const home = fileURLToPath(new URL('../..', import.meta.url));
// Below node_modules, so that what is not bundled is found from there.
const output = join(home, 'node_modules', '.cache', `cai-cli-test-${process.pid}-${randomUUID()}`);

/** Bundles the command line; its file. Call removeCli at the end. */
export async function bundleFakeCli(): Promise<string> {
  const bundle = await rolldown({
    input: { cai: join(home, 'src/cli/main.ts') },
    cwd: home,
    platform: 'node',
    external: [/^node:/, '@photostructure/sqlite'],
    tsconfig: false,
    transform: { target: 'node20.19', define: { __CAI_VERSION__: '"0.0.0-test"' } },
    plugins: [
      {
        name: 'fake-engine',
        resolveId: (source) =>
          source.endsWith('/session/session.ts') ? join(home, 'src/cli/fake-engine.ts') : null,
      },
    ],
  });
  await bundle.write({ dir: output, format: 'esm' });
  await bundle.close();
  return join(output, 'cai.js');
}

export function removeCli(): void {
  rmSync(output, { recursive: true, force: true });
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cli {
  readonly top: string;
  /** Runs to its end. */
  readonly run: (args: readonly string[], cwd?: string) => Promise<Ran>;
  readonly start: (args: readonly string[], cwd?: string) => Started;
}

export interface Started {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ran>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** A fresh state directory, and in it the given directories; sessions are ended with the test. */
export function useCli(entry: string, ...directories: string[]): Cli {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'cai-cli-')));
  for (const name of directories) mkdirSync(join(top, name), { recursive: true });
  const own = { CAI_STATE_DIR: join(top, 'state'), XDG_CONFIG_HOME: join(top, 'config') };
  const env = { ...process.env, ...own, NO_COLOR: '', FORCE_COLOR: '' };
  const start = (args: readonly string[], cwd = top): Started => {
    const child = spawn(process.execPath, [entry, ...args], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<Ran>((resolve) => {
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
    return {
      stdout: () => stdout,
      stderr: () => stderr,
      ended,
      signal: (signal) => child.kill(signal),
    };
  };
  const run = (args: readonly string[], cwd?: string): Promise<Ran> => start(args, cwd).ended;
  onTestFinished(async () => {
    if (existsSync(join(top, 'state', 'sessions'))) await run(['unwatch', '--all']);
    rmSync(top, { recursive: true, force: true });
  });
  return { top, run, start };
}

/** Says what the fake engine of a directory does. */
export function behave(cli: Cli, directory: string, behaviour: FakeBehaviour): void {
  writeFileSync(join(cli.top, directory, '.cai-fake.json'), JSON.stringify(behaviour));
}

/** A result that was printed as JSON. */
export function parse<T>(text: string): T {
  return JSON.parse(text) as T;
}

/** True while there is such a process. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

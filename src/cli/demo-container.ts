/**
 * A container for the demonstration. It lives as long as this process holds its standard input, so
 * that nothing is left behind even when this process is killed.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { CaiError } from '../errors.ts';
import { runCommand } from './demo-command.ts';

export interface DemoContainer {
  readonly name: string;
  remove(): Promise<void>;
}

export interface ContainerOptions {
  readonly image: string;
  /** It goes on when this process ends. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  /** Further arguments of `docker run`. */
  readonly args?: readonly string[];
}

const startMs = 30_000;
const lifeline = `process.stdin.on('end', () => process.exit()).resume();
process.on('SIGTERM', () => process.exit());
console.log('up');`;
const forever = `process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1e9);`;

/** Starts a container of an image that has node; without network, which live sync does not need. */
export async function startDemoContainer(options: ContainerOptions): Promise<DemoContainer> {
  const name = `cai-demo-${randomBytes(4).toString('hex')}`;
  const common = [
    '--rm',
    '--name',
    name,
    '--label',
    'cai-demo',
    '--network',
    'none',
    '--user',
    '0',
  ];
  const image = [...(options.args ?? []), '--entrypoint', 'node', options.image, '-e'];
  const remove = async () => {
    await runCommand('docker', ['rm', '-f', '-v', name]);
  };
  try {
    if (options.keep) await runDetached([...common, ...image, forever], options.signal);
    else await runAttached([...common, ...image, lifeline], options.signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return { name, remove };
}

async function runDetached(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { ok, stderr } = await runCommand('docker', ['run', '-d', ...args], { signal });
  if (!ok) throw notStarted(stderr);
}

function runAttached(args: readonly string[], signal: AbortSignal): Promise<void> {
  // Apart from this process's group: Ctrl-C in a terminal is not for docker.
  const child = spawn('docker', ['run', '-i', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  child.stdin.on('error', () => {});
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => fail('it does not answer'), startMs);
    const cancel = () => fail('cancelled');
    function fail(why: string): void {
      clearTimeout(timer);
      child.stdin.end();
      reject(notStarted(why));
    }
    signal.addEventListener('abort', cancel, { once: true });
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    child.on('error', (error) => fail(error.message));
    child.on('exit', () => fail(said.trim()));
    child.stdout.once('data', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      resolve();
    });
  });
}

function notStarted(why: string): CaiError {
  return new CaiError('NO_CONTAINER', `A container does not start: ${why}`);
}

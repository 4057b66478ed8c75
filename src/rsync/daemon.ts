/** An rsync daemon as a child process, which answers when this returns. Never through a shell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { CaiError } from '../errors.ts';

export interface DaemonInput {
  readonly config: string;
  readonly address: string;
  readonly port: number;
  readonly signal?: AbortSignal;
}

export interface Daemon {
  /** How it ended; never rejects. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

const startMs = 5000;
const graceMs = 2000;
const askMs = 1000;

/** Throws BUSY when the port is taken, IO when rsync is missing or fails, TIMEOUT, CANCELLED. */
export async function startDaemon(input: DaemonInput): Promise<Daemon> {
  const { config, address, port } = input;
  if (await greets(address, port)) throw taken(address, port);
  const options = [`--config=${config}`, `--address=${address}`, `--port=${port}`];
  const child = spawn('rsync', ['--daemon', '--no-detach', ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = endOf(child);
  const early = ended.then((why) => {
    throw startFault(why, address, port);
  });
  early.catch(() => {});
  try {
    await Promise.race([answers(input), early]);
  } catch (error) {
    await stop(child, ended);
    throw error;
  }
  return { ended, stop: () => stop(child, ended) };
}

function endOf(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(said.trim() || `it ended (${code ?? signal})`));
  });
}

function startFault(why: string, address: string, port: number): CaiError {
  if (/address already in use/i.test(why)) return taken(address, port);
  if (/ENOENT/.test(why)) {
    return new CaiError('IO', 'There is no rsync on this machine.', {
      next: 'Install it: apt-get install rsync, or brew install rsync.',
    });
  }
  return new CaiError('IO', `The rsync daemon on ${address}:${port} did not start: ${why}`);
}

function taken(address: string, port: number): CaiError {
  return new CaiError('BUSY', `Port ${port} on ${address} is taken.`, {
    next: 'End what listens there, or choose another port with --port.',
  });
}

async function answers({ address, port, signal }: DaemonInput): Promise<void> {
  const deadline = Date.now() + startMs;
  while (!(await greets(address, port))) {
    if (signal?.aborted) throw new CaiError('CANCELLED', 'Cancelled.');
    if (Date.now() > deadline)
      throw new CaiError('TIMEOUT', `The rsync daemon on ${address}:${port} does not answer.`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** True when an rsync daemon is there: it says its version to whoever connects. */
export function greets(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(askMs, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', (data) => end(data.toString('latin1').startsWith('@RSYNCD:')));
  });
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}

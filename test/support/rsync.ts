/** The plain rsync client, as a person runs it against a daemon. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { Output } from './container.ts';

export interface RsyncInput {
  readonly args: readonly string[];
  readonly password?: string;
}

/** Runs `rsync ARGS` to its end, whatever the exit code. */
export function rsync({ args, password }: RsyncInput): Promise<Output> {
  const env = { ...process.env, ...(password === undefined ? {} : { RSYNC_PASSWORD: password }) };
  return new Promise((resolve, reject) => {
    // Without a terminal it cannot ask for a password.
    const child = spawn('rsync', args, {
      detached: true,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** A port on which nobody listens just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

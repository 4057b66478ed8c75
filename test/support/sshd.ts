/**
 * A real sshd on a free port of the loopback, with keys made for it, and the `ssh -F` configuration of a
 * client that may log in. Ends with its test file.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { children } from './processes.ts';
import { waitFor } from './wait.ts';

export interface Sshd {
  readonly port: number;
  /** ssh with the configuration in which the host is called `box`, and `far` is reached over a jump. */
  readonly ssh: readonly string[];
  /** ssh with more lines in that configuration; what comes first counts. */
  configured(lines: readonly string[]): readonly string[];
  /** Ends the connections there are, as a server that drops them. */
  dropConnections(): void;
  /** Ends it with all its connections. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface SshdOptions {
  /** Search path of those who log in; default one with node in it. */
  readonly path?: string;
}

/** A search path in which there is `env` and nothing else. */
export function bareSearchPath(): string {
  const directory = newDirectory();
  symlinkSync('/usr/bin/env', join(directory, 'env'));
  return directory;
}

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const directory = newDirectory();
  const file = (name: string) => join(directory, name);
  for (const name of ['host', 'user']) makeKey(file(name));
  const port = await freePort();
  // Where a server that root starts locks its children up.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const { path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` } = options;
  writeFileSync(file('sshd_config'), serverConfig({ port, file, path }));
  const key = readFileSync(file('host.pub'), 'utf8');
  writeFileSync(file('known'), `[127.0.0.1]:${port} ${key}`);
  const configured = (lines: readonly string[], name: string) => {
    writeFileSync(file(name), [...lines, ...clientConfig({ port, file })].join('\n'));
    return ['ssh', '-F', file(name)];
  };
  let child: ChildProcess | undefined;
  let count = 0;
  const server: Sshd = {
    port,
    ssh: configured([], 'config'),
    configured(lines) {
      count += 1;
      return configured(lines, `config-${count}`);
    },
    dropConnections() {
      endAll(children(child?.pid ?? 0));
    },
    async stop() {
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      // Once it is gone they are nobody's children.
      const connections = children(child?.pid ?? 0);
      child?.kill('SIGTERM');
      await ended;
      endAll(connections);
    },
    async start() {
      child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('sshd_config')], { stdio: 'ignore' });
      const login = [...server.ssh, 'box', 'true'] as const;
      await waitFor(() => spawnSync('ssh', login.slice(1), { timeout: 5000 }).status === 0, {
        what: 'sshd',
      });
    },
  };
  endings.push(() => child?.kill('SIGTERM'));
  await server.start();
  return server;
}

function endAll(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

const endings: (() => void)[] = [];

afterAll(() => {
  for (const end of endings.reverse()) end();
});

function newDirectory(): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), 'cai-sshd-'));
  endings.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Files {
  readonly port: number;
  readonly file: (name: string) => string;
}

function serverConfig({ port, file, path }: Files & { readonly path: string }): string {
  return `ListenAddress 127.0.0.1
Port ${port}
HostKey ${file('host')}
AuthorizedKeysFile ${file('user.pub')}
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserEnvironment no
SetEnv PATH=${path}
`;
}

function clientConfig({ port, file }: Files): readonly string[] {
  const known = `UserKnownHostsFile ${file('known')}`;
  return [
    'Host far',
    'ProxyJump box',
    'Host box far 127.0.0.1',
    'HostName 127.0.0.1',
    `Port ${port}`,
    `User ${userInfo().username}`,
    `IdentityFile ${file('user')}`,
    'IdentitiesOnly yes',
    known,
    'GlobalKnownHostsFile none',
    'StrictHostKeyChecking yes',
    '',
  ];
}

function makeKey(path: string): void {
  const args = ['-q', '-t', 'ed25519', '-N', '', '-f', path];
  const { status, stderr } = spawnSync('ssh-keygen', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ssh-keygen failed: ${stderr}`);
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

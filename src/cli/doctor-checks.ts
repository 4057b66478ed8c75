/** The checks of `cai doctor`. Each answers by itself and within seconds, whatever the machine is like. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDirectory } from '../control/state-dir.ts';

export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do about it; with warn and fail. */
  readonly fix?: string;
}

const commandDeadlineMs = 5000;

/** Runs all checks at the same time; in the order in which they are shown. */
export async function runChecks(): Promise<readonly Check[]> {
  const engines = Promise.all([engine('docker'), engine('podman')]).then(mergeEngines);
  const [forContainers, forRsync, forGit, forState] = await Promise.all([
    engines,
    rsync(),
    git(),
    stateChecks(),
  ]);
  return [...node(), ...forContainers, ...forRsync, ...forGit, ...inotify(), ...forState];
}

function node(): Check[] {
  const { node: version } = process.versions;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const good = major > 20 || (major === 20 && minor >= 19);
  const check = { name: 'node', detail: version } as const;
  return [
    good
      ? { ...check, state: 'ok' }
      : { ...check, state: 'fail', fix: 'Install Node.js 20.19 or later.' },
  ];
}

interface Engine {
  readonly name: string;
  readonly client?: string;
  readonly server?: string;
  readonly error?: string;
}

async function engine(name: 'docker' | 'podman'): Promise<Engine> {
  const client = await run(name, ['--version']);
  if (!client.ok) return { name };
  const format = name === 'docker' ? '{{.Server.Version}}' : '{{.Client.Version}}';
  const server = await run(name, ['version', '--format', format]);
  return {
    name,
    client: client.text,
    ...(server.ok ? { server: server.text } : { error: server.text }),
  };
}

/** One engine that works is enough. */
function mergeEngines(engines: readonly Engine[]): Check[] {
  const installed = engines.filter((each) => each.client !== undefined);
  const works = installed.some((each) => each.server !== undefined);
  if (installed.length === 0) {
    return [
      {
        name: 'docker',
        state: 'fail',
        detail: 'neither docker nor podman is installed',
        fix: 'Install one: https://docs.docker.com/engine/install/',
      },
    ];
  }
  return installed.map(({ name, server, error }): Check => {
    if (server !== undefined) return { name, state: 'ok', detail: server };
    const fix =
      name === 'docker'
        ? 'Start it: sudo systemctl start docker, or Docker Desktop.'
        : 'Start it: podman machine start.';
    return {
      name,
      state: works ? 'warn' : 'fail',
      detail: `does not answer: ${firstLine(error ?? '')}`,
      fix,
    };
  });
}

async function rsync(): Promise<Check[]> {
  const found = await run('rsync', ['--version']);
  if (found.ok)
    return [
      {
        name: 'rsync',
        state: 'ok',
        detail: /version (\S+)/.exec(found.text)?.[1] ?? firstLine(found.text),
      },
    ];
  return [
    {
      name: 'rsync',
      state: 'warn',
      detail: 'not installed; sync works without it',
      fix: 'Install it, e.g. sudo apt-get install rsync.',
    },
  ];
}

async function git(): Promise<Check[]> {
  const found = await run('git', ['--version']);
  if (found.ok)
    return [
      { name: 'git', state: 'ok', detail: firstLine(found.text).replace('git version ', '') },
    ];
  return [
    {
      name: 'git',
      state: 'warn',
      detail: 'not installed; sync works without it',
      fix: 'Install it, e.g. sudo apt-get install git.',
    },
  ];
}

const wanted = { max_user_watches: 65_536, max_user_instances: 128 };

function inotify(): Check[] {
  if (process.platform !== 'linux') return [];
  return Object.entries(wanted).map(([key, least]): Check => {
    const value = readNumber(`/proc/sys/fs/inotify/${key}`);
    const name = `inotify ${key.replaceAll('_', ' ')}`;
    if (value === undefined)
      return { name, state: 'warn', detail: 'cannot be read', fix: 'Mount /proc.' };
    if (value >= least) return { name, state: 'ok', detail: String(value) };
    const raised = key === 'max_user_watches' ? 524_288 : 512;
    return {
      name,
      state: 'warn',
      detail: `${value} is few`,
      fix: `sudo sysctl fs.inotify.${key}=${raised}`,
    };
  });
}

async function stateChecks(): Promise<Check[]> {
  const directory = stateDirectory();
  const name = 'state directory';
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const probe = await mkdtemp(join(directory, '.probe-'));
    try {
      await writeFile(join(probe, 'a'), '');
      const sensitive = !existsSync(join(probe, 'A'));
      const { type } = await statfs(directory);
      const kind = kinds[type] ?? `type 0x${type.toString(16)}`;
      return [
        { name, state: 'ok', detail: `${directory} (${kind})` },
        ...(remote.has(kind) ? [remoteWarning(kind)] : []),
        { name: 'names', state: 'ok', detail: sensitive ? 'case-sensitive' : 'not case-sensitive' },
      ];
    } finally {
      await rm(probe, { recursive: true, force: true });
    }
  } catch (error) {
    return [
      {
        name,
        state: 'fail',
        detail: (error as Error).message,
        fix: `Make ${directory} writable, or set CAI_STATE_DIR.`,
      },
    ];
  }
}

function remoteWarning(kind: string): Check {
  return {
    name: 'state directory',
    state: 'warn',
    detail: `${kind} does not lock and map files reliably`,
    fix: 'Set CAI_STATE_DIR to a directory on a local disk.',
  };
}

/** File system types as statfs(2) tells them. */
const kinds: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
  26985: 'nfs',
  4283649346: 'cifs',
  16914839: '9p',
  1702057286: 'fuse',
  26: 'apfs',
};
const remote = new Set(['nfs', 'cifs', '9p']);

interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

function run(command: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: commandDeadlineMs }, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, text: stdout.trim() });
      else resolve({ ok: false, text: (stderr || error.message).trim() });
    });
  });
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

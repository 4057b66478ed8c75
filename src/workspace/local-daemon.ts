/**
 * The local side's rsync daemon: module `[local]`, for rsync clients beside the live session. It listens on
 * loopback and on Docker's bridge only. What sync leaves out as secret or protected is not there for its
 * clients either: whoever has the secret may be a container.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateDirectory } from '../config/state-dir.ts';
import { type Bridge, findBridge } from '../docker/bridge.ts';
import { type Daemon, startDaemon } from '../rsync/daemon.ts';
import { type DaemonModule, daemonConfig, excludeLines } from '../rsync/daemon-config.ts';
import { secretFilePatterns, secretPatterns } from '../tree/secrets.ts';
import { checkSecretFile, makeSecretFile, rsyncUser } from './secret.ts';

export interface LocalDaemonInput {
  readonly root: string;
  readonly port: number;
  readonly readOnly: boolean;
  readonly docker: readonly string[];
  readonly signal?: AbortSignal;
}

export interface LocalDaemon {
  /** Where it listens, as ADDRESS:PORT. */
  readonly addresses: readonly string[];
  readonly secrets: string;
  readonly log: string;
  /** Why one of its processes ended by itself. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Throws BUSY, IO, USAGE and the like; then nothing runs. */
export async function startLocalDaemon(input: LocalDaemonInput): Promise<LocalDaemon> {
  const { port, docker, signal } = input;
  const bridge = await findBridge(docker, signal === undefined ? {} : { signal }).catch(
    () => undefined,
  );
  const files = writeFiles(input, bridge);
  const addresses = ['127.0.0.1', ...(bridge === undefined ? [] : [bridge.address])];
  const daemons: Daemon[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  };
  try {
    for (const address of addresses) {
      const options = { config: files.config, address, port };
      daemons.push(await startDaemon(signal === undefined ? options : { ...options, signal }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: addresses.map((address) => `${address}:${port}`),
    secrets: files.secrets,
    log: files.log,
    ended: Promise.race(daemons.map((daemon) => daemon.ended)),
    stop,
  };
}

function writeFiles({ root, port, readOnly }: LocalDaemonInput, bridge: Bridge | undefined) {
  const directory = join(stateDirectory(), 'rsyncd', String(port));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const at = (name: string): string => join(directory, name);
  const secrets = at('secrets');
  makeSecretFile(secrets);
  checkSecretFile(secrets);
  const left = ['.git', '.cai-*', ...secretFilePatterns, ...secretPatterns];
  writeFileSync(at('exclude'), excludeLines(left), { mode: 0o600 });
  const config = daemonConfig(
    {
      name: 'local',
      path: root,
      comment: 'Local project directory',
      readOnly,
      user: rsyncUser,
      secrets,
      excludeFrom: at('exclude'),
      // Other networks of the engine are private ones too; the secret is needed in any case.
      ...ownerOf(root),
      allow: ['127.0.0.0/8', '172.16.0.0/12', ...(bridge === undefined ? [] : [bridge.subnet])],
    },
    { lock: at('lock'), log: at('log') },
  );
  writeFileSync(at('rsyncd.conf'), config, { mode: 0o600 });
  return { config: at('rsyncd.conf'), secrets, log: at('log') };
}

/** Root gives its rights away, to whom the directory belongs. */
function ownerOf(root: string): Pick<DaemonModule, 'owner'> {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = statSync(root);
  return { owner: { uid, gid } };
}

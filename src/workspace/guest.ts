/** What runs in the workspace container: the rsync daemon and the MCP server, until it is told to stop. */
import { accessSync, constants, lstatSync, realpathSync } from 'node:fs';
import { CaiError, toCaiError } from '../errors.ts';
import { checkSecretFile, makeSecretFile, rsyncUser } from './secret.ts';
import { type Service, supervise } from './supervise.ts';

export interface GuestPlaces {
  readonly workspace: string;
  readonly rsyncConfig: string;
  readonly rsyncPort: number;
  /** May be a link to a file that is not there yet. */
  readonly secrets: string;
  /** Where `secrets` leads when nobody gave any. */
  readonly ownSecrets: string;
}

export const guestPlaces: GuestPlaces = {
  workspace: process.env.WORKSPACE_PATH || '/app/workspace',
  rsyncConfig: '/etc/rsyncd.conf',
  rsyncPort: 873,
  secrets: '/etc/rsyncd.secrets',
  ownSecrets: '/run/cai-workspace/rsyncd.secrets',
};

/** The port of the container's own MCP endpoint. */
export const mcpPort = 4040;

/** `program` is the command line of this program. */
export function mcpService(program: readonly string[], { workspace }: GuestPlaces): Service {
  // Which addresses of the host lead here is for the published ports to say.
  const options = ['--in-container', '--host', '0.0.0.0', '--port', String(mcpPort)];
  // Containers beside this one call it by the service's name.
  const names = ['--allow-host', 'mcp-workspace'];
  return { name: 'mcp', command: [...program, 'serve', workspace, ...options, ...names] };
}

/** Runs until SIGTERM, SIGINT or SIGHUP. */
export async function runGuest(
  places: GuestPlaces,
  services: readonly Service[],
  say: (line: string) => void,
): Promise<void> {
  prepare(places, say);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => stop.abort());
  const all = [rsyncService(places), ...services];
  say(`workspace ${places.workspace}: ${all.map(({ name }) => name).join(', ')}`);
  const log = (name: string, line: string): void => say(`${name}: ${line}`);
  await supervise(all, { signal: stop.signal, log });
}

function rsyncService({ rsyncConfig, rsyncPort }: GuestPlaces): Service {
  const options = [`--config=${rsyncConfig}`, `--port=${rsyncPort}`];
  return { name: 'rsyncd', command: ['rsync', '--daemon', '--no-detach', ...options] };
}

/** What is wrong is said, and does not keep the rest from running: the container is there to be looked into. */
function prepare(places: GuestPlaces, say: (line: string) => void): void {
  try {
    prepareSecrets(places, say);
    checkWritable(places.workspace);
  } catch (thrown) {
    const { message, next } = toCaiError(thrown);
    say(next === undefined ? message : `${message} ${next}`);
  }
}

function prepareSecrets({ secrets, ownSecrets }: GuestPlaces, say: (line: string) => void): void {
  const isOwn = lstatSync(secrets, { throwIfNoEntry: false })?.isSymbolicLink() !== false;
  if (isOwn && makeSecretFile(ownSecrets))
    say(`made a secret for the rsync user ${rsyncUser}: see ${secrets} in this container`);
  checkSecretFile(realpathSync(secrets));
}

export function checkWritable(workspace: string): void {
  try {
    accessSync(workspace, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const uid = process.getuid?.() ?? 0;
    throw new CaiError('PERMISSION', `The user ${uid} cannot write to ${workspace}.`, {
      path: workspace,
      next: `Give it to that user: chown ${uid} ${workspace}.`,
      cause,
    });
  }
}

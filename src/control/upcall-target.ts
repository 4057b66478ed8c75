/** From inside a container: the session whose root holds a directory. */
import { lstatSync } from 'node:fs';
import { CaiError } from '../errors.ts';
import { upcallSocketsAbove } from '../link/upcall-place.ts';
import { isRunning, type SocketPeer } from './client.ts';

const howTo = (directory: string): string =>
  `On the host: \`cai watch DIR CONTAINER:${directory}\`, or \`npm run rsync:local\` for the workspace.`;

/** Throws NO_SESSION, with how to attach one, when no session of a host serves the directory. */
export async function findAttachedSession(directory: string): Promise<SocketPeer> {
  for (const socket of upcallSocketsAbove(directory)) {
    if (lstatSync(socket, { throwIfNoEntry: false })?.isSocket() !== true) continue;
    const target = { socket, name: directory, next: howTo(directory) };
    // An agent that was killed leaves its socket behind.
    if (await isRunning(target)) return target;
  }
  throw new CaiError('NO_SESSION', `No session of a host is attached to ${directory}.`, {
    path: directory,
    next: howTo(directory),
  });
}

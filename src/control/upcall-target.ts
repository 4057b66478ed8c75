/** From inside a container: the session whose root holds a directory. */
import { lstatSync } from 'node:fs';
import { CaiError } from '../errors.ts';
import { upcallSocketsAbove } from '../link/upcall-place.ts';
import type { SocketPeer } from './client.ts';

/**
 * Whom to call. Throws NO_SESSION, with how to attach one, when no session of a host serves the
 * directory; a call says the same when an agent that was killed left its socket behind.
 */
export function attachedSession(directory: string): SocketPeer {
  const next = `On the host: \`cai watch DIR CONTAINER:${directory}\`, or \`npm run rsync:local\` for the workspace.`;
  const isSocket = (path: string): boolean =>
    lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
  const socket = upcallSocketsAbove(directory).find(isSocket);
  if (socket !== undefined) return { socket, name: directory, next };
  throw new CaiError('NO_SESSION', `No session of a host is attached to ${directory}.`, {
    path: directory,
    next,
  });
}

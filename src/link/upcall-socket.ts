/**
 * The agent's socket for the programs of its container. It stands in a directory of its user alone. The
 * newest agent of a root takes the name over: an older one serves a link that is gone, or soon will be.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { upcallSockets } from './upcall-place.ts';

const maxConnections = 64;

export interface UpcallSocket {
  /** Takes the name away, unless it is another agent's by now. */
  close(): void;
}

/** Listens at the first place that can be had; undefined when there is none, which is no failure. */
export async function openUpcallSocket(
  root: string,
  onClient: (socket: Socket) => void,
): Promise<UpcallSocket | undefined> {
  for (const path of upcallSockets(root)) {
    try {
      return await listenAt(path, onClient);
    } catch {
      // Not writable, somebody else's, or on a file system without sockets: the next one.
    }
  }
  return undefined;
}

async function listenAt(path: string, onClient: (socket: Socket) => void): Promise<UpcallSocket> {
  const directory = dirname(path);
  makePrivate(directory);
  const server = createServer(onClient);
  server.maxConnections = maxConnections;
  // Under a name of its own first: a server takes the name it began with away when it closes.
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await listen(server, draft);
  chmodSync(draft, 0o600);
  renameSync(draft, path);
  const { ino } = lstatSync(path);
  return {
    close() {
      server.close();
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
    },
  };
}

function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(directory);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) throw new Error('not private');
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}

/** A session's control socket: a unix socket that only its owner can open. */
import { chmodSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { CaiError } from '../errors.ts';
import type { CallContext } from './calls.ts';
import { serveConnection } from './connection.ts';
import { makePrivateDirectory, socketCandidates } from './socket-path.ts';

const maxConnections = 64;

export interface ControlServer {
  readonly path: string;
  /** Ends every connection once what was written to it is on its way. */
  close(): Promise<void>;
}

/**
 * Starts to serve. The caller holds the session's store, so a socket that is there already is one
 * that a dead process left, and is replaced.
 */
export async function serveSession(context: CallContext): Promise<ControlServer> {
  const failures: string[] = [];
  for (const path of socketCandidates(context.record.id)) {
    try {
      return await serveAt(path, context);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new CaiError('STATE', `The control socket cannot be made: ${failures.join('; ')}`, {
    next: 'Set CAI_STATE_DIR to a short path on a local disk.',
  });
}

async function serveAt(path: string, context: CallContext): Promise<ControlServer> {
  makePrivateDirectory(dirname(path));
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveConnection(socket, context);
  });
  server.maxConnections = maxConnections;
  await listen(server, path);
  // The directory keeps others out already; this is for systems that look at the socket itself.
  chmodSync(path, 0o600);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) {
          socket.destroySoon();
          // A client that does not read would keep the process.
          socket.setTimeout(1000, () => socket.destroy());
        }
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      // Out of descriptors for one client: the others go on.
      server.on('error', () => {});
      resolve();
    });
  });
}

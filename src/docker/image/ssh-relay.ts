/**
 * The container's end of SSH agent forwarding: listens on a socket of its own, for its user alone, and
 * carries what is said there to the host. Ends, and removes the socket, when the host goes away.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPieceReader, relaySocket } from '../relay-frames.ts';

const directory = mkdtempSync(join(tmpdir(), 'cai-ssh-'));
const path = join(directory, 'agent.sock');
const connections = new Map<number, Socket>();
let last = 0;

const server = createServer({ allowHalfOpen: true }, (socket) => {
  last += 1;
  const connection = last;
  connections.set(connection, socket);
  socket.on('close', () => connections.delete(connection));
  relaySocket(socket, connection, (frame) => process.stdout.write(frame));
});

process.stdin.on(
  'data',
  createPieceReader(({ connection, bytes }) => {
    const socket = connections.get(connection);
    if (bytes.length > 0) socket?.write(bytes);
    else socket?.end();
  }),
);
process.stdin.on('end', end);
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, end);

server.on('error', end);
// The first line says where; what follows it are pieces.
server.listen(path, () => process.stdout.write(`${JSON.stringify({ path })}\n`));

function end(): void {
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
}

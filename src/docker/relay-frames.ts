/**
 * Several connections over one pair of pipes: each piece with the number of its connection; an empty piece
 * is the end of what one side says on one. Used between host and container for the SSH agent.
 */
import type { Socket } from 'node:net';

export interface Piece {
  readonly connection: number;
  /** Empty: nothing more comes from that side. */
  readonly bytes: Buffer;
}

const head = 8;
/** The longest message of the SSH agent's protocol, and then some. */
const maxPiece = 512 * 1024;

export function pieceFrame(connection: number, bytes: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.alloc(head + bytes.length);
  frame.writeUInt32BE(connection, 0);
  frame.writeUInt32BE(bytes.length, 4);
  frame.set(bytes, head);
  return frame;
}

/** Takes a stream that is cut anywhere; throws when a piece is longer than any may be. */
export function createPieceReader(onPiece: (piece: Piece) => void): (bytes: Uint8Array) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= head) {
      const length = rest.readUInt32BE(4);
      if (length > maxPiece) throw new Error('a piece is too long');
      if (rest.length < head + length) return;
      const connection = rest.readUInt32BE(0);
      const piece = Buffer.from(rest.subarray(head, head + length));
      rest = rest.subarray(head + length);
      onPiece({ connection, bytes: piece });
    }
  };
}

/** Wires a socket to a connection: what it says is sent, its end once, however it comes. */
export function relaySocket(
  socket: Socket,
  connection: number,
  send: (frame: Buffer) => void,
): void {
  let told = false;
  const end = (): void => {
    if (!told) send(pieceFrame(connection));
    told = true;
  };
  socket.on('data', (bytes) => send(pieceFrame(connection, bytes)));
  socket.on('error', () => socket.destroy());
  socket.on('end', end);
  socket.on('close', end);
}

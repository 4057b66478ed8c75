/**
 * What waits to be written. Three lanes, so that a heartbeat never waits behind an answer and an answer
 * never behind bulk; nothing is handed to the transport that it does not take at once, so at most one
 * chunk is ahead of a message.
 */
import type { Writable } from 'node:stream';
import { numberFrame } from './frames.ts';

/** Up to so many bytes, copying pieces into one costs less than handing them over apart. */
const copiedBytes = 16 * 1024;

export type Lane = 'urgent' | 'message' | 'chunk';

interface Item {
  readonly pieces: readonly Uint8Array[];
  readonly handedOver?: () => void;
}

export interface Outbox {
  put(lane: Lane, pieces: readonly Uint8Array[], handedOver?: () => void): void;
  /** Forgets what waits; later puts do nothing. Promises that wait for a hand-over are let go. */
  stop(): void;
}

export function createOutbox(output: Writable): Outbox {
  const lanes: Readonly<Record<Lane, Item[]>> = { urgent: [], message: [], chunk: [] };
  let blocked = false;
  let stopped = false;
  let number = 0;

  function next(): Item | undefined {
    return lanes.urgent.shift() ?? lanes.message.shift() ?? lanes.chunk.shift();
  }

  function pump(): void {
    while (!blocked && !stopped) {
      const item = next();
      if (item === undefined) return;
      numberFrame(item.pieces, number);
      number = (number + 1) >>> 0;
      blocked = !write(output, item.pieces);
      item.handedOver?.();
    }
  }

  output.on('drain', () => {
    blocked = false;
    pump();
  });

  return {
    put(lane, pieces, handedOver) {
      if (stopped) {
        handedOver?.();
        return;
      }
      lanes[lane].push({ pieces, ...(handedOver === undefined ? {} : { handedOver }) });
      pump();
    },
    stop() {
      stopped = true;
      for (const lane of Object.values(lanes)) {
        for (const item of lane.splice(0)) item.handedOver?.();
      }
    },
  };
}

function write(output: Writable, pieces: readonly Uint8Array[]): boolean {
  if (pieces.length === 1) return output.write(pieces[0]);
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (bytes <= copiedBytes) return output.write(Buffer.concat(pieces, bytes));
  output.cork();
  let room = true;
  for (const piece of pieces) room = output.write(piece);
  output.uncork();
  return room;
}

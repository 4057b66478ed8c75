/**
 * Long answers in pieces. While one piece is with the host the next one fills up, so the work behind an
 * answer goes on during the round trip, and memory stays at two pieces.
 */
import type { ServedCall } from './peer.ts';
import { cutByCost, type Packet, packetBytes } from './wire.ts';

export interface PartSender<T> {
  /** Waits while two pieces are under way. */
  add(items: readonly T[]): Promise<void>;
  /** Sends an empty piece, a sign of progress, unless a piece is under way anyway. */
  tick(): void;
  /** Waits until the host has everything. */
  end(): Promise<void>;
}

export interface PartOptions<T> {
  readonly call: Pick<ServedCall, 'part'>;
  readonly cost: (item: T) => number;
  readonly encode: (items: readonly T[]) => Packet;
}

export function createPartSender<T>({ call, cost, encode }: PartOptions<T>): PartSender<T> {
  let waiting: T[] = [];
  let waitingCost = 0;
  let sending: Promise<void> | undefined;
  let failure: Error | undefined;

  async function send(items: readonly T[]): Promise<void> {
    const { data, bytes } = encode(items);
    await call.part(data, bytes);
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const items = waiting;
      waiting = [];
      waitingCost = 0;
      for (const part of cutByCost(items, cost)) await send(part);
    }
  }

  function start(work = sendAll): Promise<void> {
    sending ??= work()
      .catch((error: Error) => {
        failure ??= error;
      })
      .finally(() => {
        sending = undefined;
      });
    return sending;
  }

  function throwFailure(): void {
    if (failure !== undefined) throw failure;
  }

  return {
    async add(items) {
      throwFailure();
      for (const item of items) {
        waiting.push(item);
        waitingCost += cost(item);
      }
      const sent = start();
      if (waitingCost >= packetBytes) await sent;
      throwFailure();
    },
    tick() {
      if (sending === undefined && failure === undefined) void start(() => send([]));
    },
    async end() {
      while (waiting.length > 0 && failure === undefined) await start();
      await sending;
      throwFailure();
    },
  };
}

/** Sends a list that is there already. */
export async function sendParts<T>(options: PartOptions<T>, items: readonly T[]): Promise<void> {
  const sender = createPartSender(options);
  await sender.add(items);
  await sender.end();
}

/**
 * Further sessions of a process in the background: those that look at the same local directory in the
 * same way, so that it is scanned and watched once. Each has its own store, socket and end.
 */
import { getHeapStatistics } from 'node:v8';
import { CaiError } from '../errors.ts';
import { replicaOptions } from '../session/far.ts';
import type { SessionRecord } from './api.ts';
import type { Hosted } from './host.ts';
import { hostSession } from './host.ts';
import { readRecord } from './sessions.ts';
import { surroundingsMark } from './surroundings.ts';

export interface Guests {
  /** Takes a session in; BUSY when it has to have a process of its own. */
  adopt(id: string, mark: string): Promise<void>;
  /** Ends them all, and takes none any more. */
  stop(): void;
  /** Resolves when there is none (left). */
  gone(): Promise<void>;
}

/** Beyond this share of its heap a process takes in nobody. */
const heapShare = 0.4;

/** True when two sessions can share what is known of their local directory. */
export function looksAlike(a: SessionRecord, b: SessionRecord): boolean {
  const look = ({ local, options }: SessionRecord) =>
    JSON.stringify([local, replicaOptions(options)]);
  return look(a) === look(b);
}

export function createGuests(host: SessionRecord): Guests {
  const mark = surroundingsMark();
  const hosted = new Set<Hosted>();
  const present = new Set<Promise<unknown>>();
  let stopping = false;

  async function adopt(id: string, asked: string): Promise<void> {
    const record = readRecord(id);
    if (record === undefined || !looksAlike(host, record))
      throw new CaiError(
        'BUSY',
        `The process of session ${host.name} has nothing in common with it.`,
      );
    if (asked !== mark)
      throw new CaiError('BUSY', `The process of session ${host.name} has other surroundings.`);
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    if (stopping || used > limit * heapShare)
      throw new CaiError('BUSY', `The process of session ${host.name} takes in nobody any more.`);
    const opening = hostSession(record, adopt);
    // Until it has ended, or could not begin.
    const over = opening.then((guest) => guest.ended).catch(() => undefined);
    present.add(over);
    void over.then(() => present.delete(over));
    const guest = await opening;
    hosted.add(guest);
    void over.then(() => hosted.delete(guest));
    if (stopping) guest.stop();
  }

  return {
    adopt,
    stop() {
      stopping = true;
      for (const guest of hosted) guest.stop();
    },
    async gone() {
      while (present.size > 0) await Promise.all(present);
    },
  };
}

/** Finds a process in the background that takes a session in, since it has its local directory already. */
import type { SessionRecord } from './api.ts';
import { callSession } from './client.ts';
import { looksAlike } from './guests.ts';
import { liveRecords } from './sessions.ts';
import { surroundingsMark } from './surroundings.ts';

const timeoutMs = 5000;

/** True when one has it now; its first sync goes on. */
export async function isAdopted(record: SessionRecord): Promise<boolean> {
  const params = { id: record.id, mark: surroundingsMark() };
  for (const other of liveRecords()) {
    if (other.id === record.id || !looksAlike(other, record)) continue;
    try {
      await callSession(other, 'adopt', params, { timeoutMs });
      return true;
    } catch {
      // It does not run, is in somebody's foreground, or is of an earlier version.
    }
  }
  return false;
}

/**
 * Gets a session to run in the background: in a process that has its directory already, in one of its own,
 * or in the one where it runs.
 */
import { toCaiError } from '../errors.ts';
import { isAdopted } from './adopted.ts';
import type { SessionStatus } from './api.ts';
import { type DetachOptions, detachSession, untilReady } from './detach.ts';
import type { Prepared } from './prepare.ts';
import { dropFailedStart } from './unwatch.ts';

/** Returns once the first sync is complete. */
export async function startInBackground(
  { record, running, fresh }: Prepared,
  options: DetachOptions = {},
): Promise<SessionStatus> {
  if (running) return untilReady(record, options);
  try {
    if (await isAdopted(record)) return await untilReady(record, options);
    return await detachSession(record, options);
  } catch (error) {
    // Another `cai watch` of the same session was quicker: that is the one to wait for.
    if (toCaiError(error).code === 'BUSY') return untilReady(record, options);
    if (fresh) await dropFailedStart(record);
    throw error;
  }
}

/** Ends sessions for good: the process goes, both sides stay as they are, the history stays readable. */
import { CaiError, toCaiError } from '../errors.ts';
import type { SessionRecord } from './api.ts';
import { callSession, isRunning } from './client.ts';
import { readOutcome } from './process-file.ts';
import { writeRecord } from './sessions.ts';

const stopDeadlineMs = 15_000;
const pollMs = 20;

/** Stops a session's process; false when none has it. */
export async function stopSession(record: SessionRecord): Promise<boolean> {
  try {
    await callSession(record, 'stop', {});
  } catch (error) {
    if (toCaiError(error).code === 'NO_SESSION') return false;
    throw error;
  }
  const deadline = Date.now() + stopDeadlineMs;
  while (await isRunning(record)) {
    if (Date.now() > deadline) {
      throw new CaiError('TIMEOUT', `Session ${record.name} does not stop.`, {
        next: 'Try again, or end its process.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return true;
}

/** Stops a session and takes it off the list. */
export async function unwatchSession(
  record: SessionRecord,
): Promise<{ readonly wasRunning: boolean }> {
  const wasRunning = await stopSession(record);
  writeRecord({ ...record, ended: Date.now() });
  return { wasRunning };
}

/** Takes a session off the list that was new and ended before it was ever ready: a mistyped address, say. */
export async function dropFailedStart(record: SessionRecord): Promise<void> {
  if (readOutcome(record)?.status?.ready === true || (await isRunning(record))) return;
  writeRecord({ ...record, ended: Date.now() });
}

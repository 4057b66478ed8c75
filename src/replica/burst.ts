/**
 * Tells when the kernel's queue of events may have run over, which Node does not report. The queue
 * can only run over while nobody reads it, so what counts is how many events come in one go, without
 * the event loop having been round in between. All watches of a process share one queue, hence the
 * state of this module.
 */
import { readFileSync } from 'node:fs';

const listeners = new Set<() => void>();
let limit: number | undefined;
let burst = 0;

/** Counts an event that a watch told. */
export function noteEvent(): void {
  if (burst === 0) {
    setImmediate(() => {
      burst = 0;
    });
  }
  burst += 1;
  limit ??= queueLimit();
  // Half of the queue: events for watches that are closed already are not seen here.
  if (burst !== Math.ceil(limit / 2)) return;
  for (const listener of listeners) listener();
}

/** Calls back when events may have been lost; returns the way to stop that. */
export function onOverflow(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function queueLimit(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || 16_384;
  } catch {
    return 16_384;
  }
}

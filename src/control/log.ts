/**
 * A session's log: one JSON event a line in session.log, at most `maxBytes` of it, and the part
 * before that in session.log.1. Telling must never stop the sync, so failures to write are let go.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionEvent } from './api.ts';
import { sessionDirectory } from './state-dir.ts';

const defaultMaxBytes = 5 * 1024 * 1024;

export interface Log {
  add(event: SessionEvent): void;
  /** Writes what is held. */
  close(): void;
}

/** The log's files, older first. */
export function logFiles(id: string): readonly [older: string, current: string] {
  const current = join(sessionDirectory(id), 'session.log');
  return [`${current}.1`, current];
}

/** Opens a session's log for adding to it. */
export function openLog(id: string, maxBytes = defaultMaxBytes): Log {
  const [older, current] = logFiles(id);
  let file = openSync(current, 'a', 0o600);
  let size = fstatSync(file).size;
  /** The last line may be half a line, after a crash or on a full disk: what comes next begins one of its own. */
  let isTorn = size > 0;
  let held: string[] = [];

  function rotate(): void {
    renameSync(current, older);
    const next = openSync(current, 'a', 0o600);
    // Not before: where there is no next one, the number of a closed one may soon be another file's.
    closeSync(file);
    file = next;
    size = 0;
    isTorn = false;
  }

  function flush(): void {
    if (held.length === 0) return;
    const text = held.join('');
    held = [];
    try {
      if (size > 0 && size + Buffer.byteLength(text) > maxBytes) rotate();
      const bytes = Buffer.from(isTorn ? `\n${text}` : text);
      isTorn = true;
      const written = writeSync(file, bytes);
      size += written;
      isTorn = written < bytes.length;
    } catch {
      // A full disk is told by the session itself, as a problem.
    }
  }

  return {
    add(event) {
      // Progress is for looking at while it goes on.
      if (event.type === 'progress') return;
      if (held.length === 0) setImmediate(flush);
      held.push(`${JSON.stringify(event)}\n`);
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

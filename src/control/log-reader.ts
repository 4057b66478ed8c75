/** Reads a session's log back, and follows it over its rotation. */
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createLineDecoder } from '../link/lines.ts';
import type { SessionEvent } from './api.ts';
import { logFiles } from './log.ts';

const pollMs = 200;
const maxLineBytes = 64 * 1024 * 1024;

/** Everything that is in the log, oldest first. */
export async function* readLog(id: string): AsyncGenerator<SessionEvent> {
  for (const file of logFiles(id)) yield* readEvents(file);
}

/** As readLog, then what is added, until the signal. */
export async function* followLog(id: string, signal: AbortSignal): AsyncGenerator<SessionEvent> {
  const [older, current] = logFiles(id);
  yield* readEvents(older);
  while (!signal.aborted) {
    const file = await open(current, 'r').catch(() => undefined);
    if (file !== undefined) {
      try {
        yield* followFile(file, current, signal);
      } finally {
        await file.close();
      }
    }
    await delay(pollMs, undefined, { signal }).catch(() => {});
  }
}

/** Until another file stands at the path and this one is read to its end. */
async function* followFile(
  file: FileHandle,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<SessionEvent> {
  const { ino } = await file.stat();
  const buffer = Buffer.alloc(64 * 1024);
  let lines: string[] = [];
  const decoder = createLineDecoder(maxLineBytes, (line) => lines.push(line));
  while (!signal.aborted) {
    // Asked before reading, so that what was added before a rotation is read still.
    const rotated = (await stat(path).catch(() => undefined))?.ino !== ino;
    const { bytesRead } = await file.read(buffer);
    // The decoder may hold on to it, and the buffer is used again.
    decoder.push(Uint8Array.from(buffer.subarray(0, bytesRead)));
    for (const line of lines) yield* parseEvent(line);
    lines = [];
    if (bytesRead > 0) continue;
    if (rotated) return;
    await delay(pollMs, undefined, { signal }).catch(() => {});
  }
}

async function* readEvents(file: string): AsyncGenerator<SessionEvent> {
  const input = createReadStream(file);
  // A log that is not there (yet) is an empty one; without a listener the error would be thrown.
  const opened = await new Promise<boolean>((resolve) => {
    input.once('open', () => resolve(true)).once('error', () => resolve(false));
  });
  if (!opened) return;
  for await (const line of createInterface({ input })) yield* parseEvent(line);
}

/** A line that a crash cut in two is passed over. */
function* parseEvent(line: string): Generator<SessionEvent> {
  try {
    const event = JSON.parse(line) as SessionEvent | null;
    if (typeof event?.type === 'string') yield event;
  } catch {
    // Not a whole event.
  }
}

/** The host's end of the conversation with a helper: one request at a time, answers checked and bounded in time. */

import { CaiError, type ErrorJson } from '../../errors.ts';
import { stopIfCancelled } from '../cancelled.ts';
import { dataFrame, type Frame, maxData, messageFrame, readFrames, violation } from './frames.ts';
import type { Helper } from './helper.ts';
import type { Answer } from './protocol.ts';

export interface Conversation {
  /** The next message or piece of content. Throws what the helper says is wrong, LINK when it is gone, TIMEOUT, CANCELLED. */
  next(): Promise<Answer | Buffer>;
  /** Gathered with what follows it, unless the helper is to act on it. */
  send(message: unknown, how?: 'gathered'): Promise<void>;
  sendData(bytes: Uint8Array): Promise<void>;
}

/** Longer than any single step takes: making much data durable on a slow disk. */
const silenceMs = 5 * 60_000;

export function converse(helper: Helper, volume: string, signal?: AbortSignal): Conversation {
  const frames = readFrames(helper.output);
  let failure: CaiError | undefined;

  async function next(): Promise<Answer | Buffer> {
    if (failure !== undefined) throw failure;
    const { value: frame, done } = await bounded(frames.next(), signal);
    if (done === true) throw fail(await goneError(helper, volume, signal));
    return read(frame);
  }

  function read(frame: Frame): Answer | Buffer {
    if (frame.kind === 'data') return frame.bytes;
    const answer = frame.value as Answer;
    if (typeof answer !== 'object' || answer === null)
      throw fail(violation('an answer of no kind'));
    if ('error' in answer) throw fail(told(answer.error, volume));
    return answer;
  }

  function fail(error: CaiError): CaiError {
    failure = error;
    return error;
  }

  let gathered: Buffer[] = [];
  let gatheredBytes = 0;
  let gone = false;
  void helper.ended.then(() => {
    gone = true;
  });

  /** Many small pieces take the engine far longer than one large one. */
  async function write(bytes: Buffer, gather: boolean): Promise<void> {
    stopIfCancelled(signal);
    gathered.push(bytes);
    gatheredBytes += bytes.length;
    if (gather && gatheredBytes < maxData) return;
    const all = Buffer.concat(gathered);
    gathered = [];
    gatheredBytes = 0;
    if (gone) throw await goneError(helper, volume, signal);
    if (helper.input.write(all)) return;
    // When the helper ended, whoever reads next is told why.
    await bounded(Promise.race([drained(helper), helper.ended]), signal);
  }

  return {
    next,
    send: (message, how) => write(messageFrame(message), how === 'gathered'),
    async sendData(bytes) {
      for (let at = 0; at < bytes.length; at += maxData)
        await write(dataFrame(bytes.subarray(at, at + maxData)), true);
    },
  };
}

function drained({ input }: Helper): Promise<void> {
  return new Promise((resolve) => {
    input.once('drain', resolve);
  });
}

async function bounded<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let cancel: (() => void) | undefined;
  const end = new Promise<never>((_, reject) => {
    cancel = () => reject(new CaiError('CANCELLED', 'Cancelled; the volume is as it was.'));
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    timer = setTimeout(() => {
      reject(new CaiError('TIMEOUT', "The volume's helper does not answer."));
    }, silenceMs);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    if (cancel !== undefined) signal?.removeEventListener('abort', cancel);
  }
}

async function goneError(helper: Helper, volume: string, signal?: AbortSignal): Promise<CaiError> {
  const { said } = await helper.ended;
  if (signal?.aborted) return new CaiError('CANCELLED', 'Cancelled; the volume is as it was.');
  return new CaiError(
    'LINK',
    `The helper of the volume ${volume} ended. ${said.slice(-300)}`.trim(),
    {
      next: 'Try again: the volume is as it was, or what was begun is completed first.',
    },
  );
}

function told(error: ErrorJson, volume: string): CaiError {
  const full = error.code === 'NO_SPACE';
  return new CaiError(
    error.code,
    full ? `No space is left for the volume ${volume}.` : error.message,
    {
      ...(error.path === undefined ? {} : { path: error.path }),
      next:
        error.next ??
        (full ? 'Make room, then try again; nothing was changed.' : 'Nothing was changed.'),
    },
  );
}

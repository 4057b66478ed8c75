/**
 * The local side of the workspace as a service: waits for the container and keeps a live session with it,
 * through restarts and recreations, until it is told to stop.
 */

import type { SessionRecord } from '../control/api.ts';
import type { Hosted } from '../control/host.ts';
import { hostSession } from '../control/host.ts';
import { parseAddress } from '../docker/address.ts';
import { inspectContainer } from '../docker/container.ts';
import { watchContainer } from '../docker/events.ts';
import { CaiError, type ErrorCode, toCaiError } from '../errors.ts';

export interface LocalSideInput {
  readonly record: SessionRecord;
  readonly signal: AbortSignal;
  /** Told each time the waiting begins, with the reason. */
  readonly onWaiting: (why: CaiError) => void;
  /** Shows a session while it runs; what it returns is called at its end. */
  readonly onHosted: (hosted: Hosted) => () => void;
}

/** A container that is not there yet, or not ready yet, is waited for. */
const waited: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NO_CONTAINER',
  'NO_ENGINE',
  'ROOT',
  'LINK',
  'TIMEOUT',
]);

const pollMs = 2000;

/** Resolves when the signal was given and the session has ended; throws what no waiting can mend. */
export async function keepLocalSide(input: LocalSideInput): Promise<void> {
  const { record, signal, onWaiting } = input;
  let told = '';
  while (!signal.aborted) {
    const error = await isThere(record, signal)
      .then(() => runOnce(input))
      .catch(toCaiError);
    if (signal.aborted || error === undefined) return;
    if (!waited.has(error.code)) throw error;
    if (told !== error.message) onWaiting(error);
    told = error.message;
    await untilStart(record, signal);
  }
}

async function isThere({ container, options }: SessionRecord, signal: AbortSignal): Promise<void> {
  const address = parseAddress(container);
  if (!('engine' in address)) return;
  const command = options.docker ?? [address.engine];
  const info = await inspectContainer({ command, container: address.container, signal });
  if (!info.running)
    throw new CaiError('NO_CONTAINER', `Container ${info.name} is not running (${info.state}).`);
}

/** Undefined when somebody stopped the session. */
async function runOnce({
  record,
  signal,
  onHosted,
}: LocalSideInput): Promise<CaiError | undefined> {
  const hosted = await hostSession(record);
  const stop = (): void => hosted.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const hide = onHosted(hosted);
  const error = await hosted.ended;
  hide();
  signal.removeEventListener('abort', stop);
  return error;
}

/** Until the container starts, or for a short while: events may be missed. */
async function untilStart(
  { container, options }: SessionRecord,
  signal: AbortSignal,
): Promise<void> {
  const address = parseAddress(container);
  let wake = (): void => {};
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const timer = setTimeout(wake, pollMs);
  signal.addEventListener('abort', wake, { once: true });
  const watch =
    'engine' in address
      ? watchContainer({
          command: options.docker ?? [address.engine],
          container: address.container,
          onEvent: ({ type }) => {
            if (type === 'start') wake();
          },
        })
      : undefined;
  await woken;
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
  watch?.stop();
}

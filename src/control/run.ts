/** A session's process, from its start to its end by a signal, a call or a failure. */
import type { CaiError } from '../errors.ts';
import { exitCodes } from '../errors.ts';
import type { SessionRecord } from './api.ts';
import { createGuests } from './guests.ts';
import type { Hosted } from './host.ts';
import { hostSession } from './host.ts';

/** How a session's process came to its end. */
export type RunEnd =
  | { readonly how: 'stopped' }
  | { readonly how: 'signal'; readonly exitCode: number }
  | { readonly how: 'failed'; readonly error: CaiError };

export interface RunOptions {
  /** Shows it meanwhile; what it returns is called at the end. */
  readonly onHosted?: (hosted: Hosted) => () => void;
  /** Take in further sessions of the same directory, and stay until they have ended too. */
  readonly adopts?: boolean;
}

/** Runs a session here until it ends. */
export async function runSession(
  record: SessionRecord,
  { onHosted, adopts = false }: RunOptions = {},
): Promise<RunEnd> {
  const guests = adopts ? createGuests(record) : undefined;
  const hosted = await hostSession(record, guests?.adopt);
  const hide = onHosted?.(hosted);
  let signalled = false;
  const onSignal = (): void => {
    // Asked twice: whoever waits does not want to wait any longer. A crash at any point is safe.
    if (signalled) process.exit(exitCodes.CANCELLED);
    signalled = true;
    hosted.stop();
    guests?.stop();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  const error = await hosted.ended;
  await guests?.gone();
  for (const signal of signals) process.off(signal, onSignal);
  hide?.();
  if (signalled) return { how: 'signal', exitCode: exitCodes.CANCELLED };
  return error === undefined ? { how: 'stopped' } : { how: 'failed', error };
}

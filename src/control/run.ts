/** A session's process, from its start to its end by a signal, a call or a failure. */
import type { CaiError } from '../errors.ts';
import { exitCodes } from '../errors.ts';
import type { SessionRecord } from './api.ts';
import type { Hosted } from './host.ts';
import { hostSession } from './host.ts';

/** How a session's process came to its end. */
export type RunEnd =
  | { readonly how: 'stopped' }
  | { readonly how: 'signal'; readonly exitCode: number }
  | { readonly how: 'failed'; readonly error: CaiError };

/** Runs a session here until it ends. `onHosted` shows it meanwhile; what it returns is called at the end. */
export async function runSession(
  record: SessionRecord,
  onHosted?: (hosted: Hosted) => () => void,
): Promise<RunEnd> {
  const hosted = await hostSession(record);
  const hide = onHosted?.(hosted);
  let signalled = false;
  const onSignal = (): void => {
    // Asked twice: whoever waits does not want to wait any longer. A crash at any point is safe.
    if (signalled) process.exit(exitCodes.CANCELLED);
    signalled = true;
    hosted.stop();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  const error = await hosted.ended;
  for (const signal of signals) process.off(signal, onSignal);
  hide?.();
  if (signalled) return { how: 'signal', exitCode: exitCodes.CANCELLED };
  return error === undefined ? { how: 'stopped' } : { how: 'failed', error };
}

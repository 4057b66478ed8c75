/** Between two steps of something long. */
import { CaiError } from '../errors.ts';

/** Throws CANCELLED once the signal is aborted. */
export function stopIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CaiError('CANCELLED', 'Cancelled; nothing was changed.');
}

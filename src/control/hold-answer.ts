/** An answer counts for the holds that the person was shown, not for what was added since (invariant 5). */
import { CaiError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { HoldInfo } from './api.ts';

type Seen = Pick<HoldInfo, 'side' | 'reason' | 'files' | 'since'>;

/** Throws STALE when something else is held than what came as `seen`; USAGE for what is no list of holds. */
export function needHolds(session: Session, seen: unknown): void {
  if (seen === undefined) return;
  if (!Array.isArray(seen) || !seen.every(isSeen))
    throw new CaiError('USAGE', 'Wrong parameters: holds must be a list of holds.');
  if (holdsMark(seen) === holdsMark(session.status().holds)) return;
  throw new CaiError('STALE', 'What is held now is not what was shown.', {
    next: 'See `cai status`.',
  });
}

/** The same for the same holds, in any order. */
export function holdsMark(holds: readonly Seen[]): string {
  const marks = holds.map(({ side, reason, files, since }) =>
    [side, reason, files, since].join(' '),
  );
  return marks.sort().join(', ');
}

function isSeen(value: unknown): value is Seen {
  return typeof value === 'object' && value !== null;
}

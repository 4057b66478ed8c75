/** Quiet hours, in the host's local time: "22:00-07:00". Pure. */
import { CaiError } from '../errors.ts';

/** Minutes of the day; `from` after `to` goes over midnight. */
export interface Quiet {
  readonly from: number;
  readonly to: number;
}

const dayMinutes = 24 * 60;

/** Throws USAGE. */
export function readQuiet(text: string): Quiet {
  const found = /^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/.exec(text.trim());
  const [h1 = 99, m1 = 99, h2 = 99, m2 = 99] = found?.slice(1).map(Number) ?? [];
  if (Math.max(h1, h2) > 24 || Math.max(m1, m2) > 59)
    throw new CaiError('USAGE', `"${text}" are no hours.`, { next: 'Write 22:00-07:00.' });
  return { from: (h1 * 60 + m1) % dayMinutes, to: (h2 * 60 + m2) % dayMinutes };
}

/** Milliseconds until it is over; 0 when it is not quiet. */
export function quietFor(quiet: Quiet | undefined, now: Date): number {
  if (quiet === undefined || quiet.from === quiet.to) return 0;
  const minute = now.getHours() * 60 + now.getMinutes();
  const since = (minute - quiet.from + dayMinutes) % dayMinutes;
  const length = (quiet.to - quiet.from + dayMinutes) % dayMinutes;
  if (since >= length) return 0;
  return (length - since) * 60_000 - now.getSeconds() * 1000 - now.getMilliseconds();
}

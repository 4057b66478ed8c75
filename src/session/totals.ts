/** What was carried to a side: since the start, and within the last hour (whichever process did it). Pure. */
import type { SessionStatus } from '../control/api.ts';

const minute = 60_000;
const minutesInHour = 60;

export interface SideTotals {
  files: number;
  bytes: number;
  last?: number;
  /** Numbers by the minute in which they arrived; the oldest first, never more than an hour's. */
  readonly recent: { readonly minute: number; files: number }[];
}

type Totals = { readonly toContainer: SideTotals; readonly toLocal: SideTotals };

export function createTotals(): SideTotals {
  return { files: 0, bytes: 0, recent: [] };
}

export function addRecent(totals: SideTotals, files: number, now: number): void {
  const at = Math.floor(now / minute);
  const newest = totals.recent.at(-1);
  if (newest?.minute === at) newest.files += files;
  else totals.recent.push({ minute: at, files });
  if (totals.recent.length > minutesInHour + 1) totals.recent.shift();
  totals.last = now;
}

/** What arrived before this process was there: the times of it, the oldest first. */
export function remember(totals: SideTotals, times: readonly number[]): void {
  for (const time of times) addRecent(totals, 1, time);
}

export function lastHour(totals: SideTotals, now: number): number {
  const from = now / minute - minutesInHour;
  return totals.recent.reduce((sum, one) => (one.minute >= from ? sum + one.files : sum), 0);
}

/** As status shows them. */
export function shownTotals({ toContainer, toLocal }: Totals): SessionStatus['totals'] {
  const shown = ({ files, bytes, last }: SideTotals) => ({
    files,
    bytes,
    ...(last === undefined ? {} : { last }),
  });
  return { toContainer: shown(toContainer), toLocal: shown(toLocal) };
}

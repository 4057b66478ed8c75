/** Quiet hours: "22:00-07:00" by the machine's clock, or "22:00-07:00 Europe/Berlin" by a zone's. Pure. */
import { CaiError } from '../errors.ts';

/** Minutes of the day; `from` after `to` goes over midnight. */
export interface Quiet {
  readonly from: number;
  readonly to: number;
  /** Absent: the machine's own; a container's is mostly UTC. */
  readonly zone?: string;
}

const dayMinutes = 24 * 60;

/** Throws USAGE. */
export function readQuiet(text: string): Quiet {
  const found = /^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+([\w+/-]+))?$/.exec(text.trim());
  const [from = Number.NaN, to = Number.NaN] = [found?.slice(1, 3), found?.slice(3, 5)].map(
    minuteOf,
  );
  if (Number.isNaN(from + to) || from === to) throw noHours(text);
  const zone = found?.[5];
  if (zone === undefined) return { from, to };
  if (clockOf(zone) === undefined) throw noHours(text);
  return { from, to, zone };
}

function minuteOf(parts: readonly string[] | undefined): number {
  const [hour = 99, minute = 99] = parts?.map(Number) ?? [];
  const minutes = hour * 60 + minute;
  return minute > 59 || minutes > dayMinutes ? Number.NaN : minutes % dayMinutes;
}

function noHours(text: string): CaiError {
  return new CaiError('USAGE', `"${text}" are no hours.`, {
    next: 'Write 22:00-07:00, or "22:00-07:00 Europe/Berlin".',
  });
}

/** Milliseconds until it is over; 0 when it is not quiet. On days when clocks are changed an hour off: look again. */
export function quietFor(quiet: Quiet | undefined, now: Date): number {
  if (quiet === undefined) return 0;
  const since = (minuteIn(quiet.zone, now) - quiet.from + dayMinutes) % dayMinutes;
  const length = (quiet.to - quiet.from + dayMinutes) % dayMinutes;
  if (since >= length) return 0;
  return (length - since) * 60_000 - now.getSeconds() * 1000 - now.getMilliseconds();
}

function minuteIn(zone: string | undefined, now: Date): number {
  if (zone === undefined) return now.getHours() * 60 + now.getMinutes();
  const [hour = 0, minute = 0] = (clockOf(zone)?.format(now) ?? '').split(':').map(Number);
  return hour * 60 + minute;
}

/** Undefined for what is no zone. */
function clockOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    const how = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    return new Intl.DateTimeFormat('en-GB', { ...how, timeZone });
  } catch {
    return undefined;
  }
}

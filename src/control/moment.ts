/** Points in time as people write them: "10m" ago, "14:30", "2025-01-31T14:00", milliseconds since 1970. Pure. */
import { parseDuration } from '../config/units.ts';

/** Milliseconds since 1970; undefined when the text is no time. */
export function parseMoment(text: string, now: number): number | undefined {
  if (/^\d{12,}$/.test(text)) return Number(text);
  const ago = /[A-Za-z]$/.test(text) ? parseDuration(text) : undefined;
  if (ago !== undefined) return now - ago;
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (clock !== null) return lastTime(clock.slice(1).map(Number), now);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  // A date alone would be taken as UTC, all else as local time.
  const time = Date.parse(
    /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T'),
  );
  return Number.isNaN(time) ? undefined : time;
}

/** The last time that the clock showed this. */
function lastTime(
  [hours = 0, minutes = 0, seconds = 0]: readonly number[],
  now: number,
): number | undefined {
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const time = new Date(now);
  time.setHours(hours, minutes, Number.isNaN(seconds) ? 0 : seconds, 0);
  if (time.getTime() > now) time.setDate(time.getDate() - 1);
  return time.getTime();
}

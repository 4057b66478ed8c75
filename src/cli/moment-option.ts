/** Commander's parser of options that name a time. */
import { InvalidArgumentError } from 'commander';
import { parseMoment } from '../control/moment.ts';

/** Milliseconds since 1970. */
export function moment(text: string): number {
  const time = parseMoment(text, Date.now());
  if (time !== undefined) return time;
  throw new InvalidArgumentError(
    'Give a time ("14:30", "2025-01-31T14:00") or how long ago ("10m", "2h").',
  );
}

import { expect, test } from 'vitest';
import { parseMoment } from './moment.ts';

const now = new Date(2025, 0, 31, 14, 0, 0).getTime();

test.each([
  ['10m', now - 600_000],
  ['1.5h', now - 5_400_000],
  ['13:30', new Date(2025, 0, 31, 13, 30).getTime()],
  ['14:00:01', new Date(2025, 0, 30, 14, 0, 1).getTime()],
  ['2025-01-30', new Date(2025, 0, 30).getTime()],
  ['2025-01-30 08:00', new Date(2025, 0, 30, 8).getTime()],
  ['2025-01-30T08:00:00.5Z', Date.UTC(2025, 0, 30, 8, 0, 0, 500)],
  ['1738330000000', 1738330000000],
  ['10', undefined],
  ['25:00', undefined],
  ['yesterday', undefined],
  ['2025-13-01', undefined],
  ['', undefined],
])('%s', (text, expected) => {
  expect(parseMoment(text, now)).toBe(expected);
});

/** When it is quiet: over midnight, in any zone, on days when clocks are changed. */
import { afterEach, expect, test, vi } from 'vitest';
import { quietFor, readQuiet } from './quiet.ts';

afterEach(() => vi.unstubAllEnvs());

const minute = 60_000;
const at = (hours: number, minutes = 0) => new Date(2026, 0, 1, hours, minutes);

test('by the clock of the machine, also over midnight', () => {
  const night = readQuiet('22:00-07:00');
  expect(quietFor(night, at(21, 59))).toBe(0);
  expect(quietFor(night, at(22))).toBe(9 * 60 * minute);
  expect(quietFor(night, at(0))).toBe(7 * 60 * minute);
  expect(quietFor(night, at(6, 59))).toBe(minute);
  expect(quietFor(night, at(7))).toBe(0);
  expect(quietFor(readQuiet('12:00 - 13:30'), at(13))).toBe(30 * minute);
  expect(quietFor(readQuiet('22:00-24:00'), at(23))).toBe(60 * minute);
  expect(quietFor(readQuiet('22:00-24:00'), at(0))).toBe(0);
  expect(quietFor(undefined, at(23))).toBe(0);
});

test.each([
  ['Asia/Tokyo', '2026-01-01T13:00:00Z'],
  ['America/New_York', '2026-01-02T03:00:00Z'],
  ['Asia/Kolkata', '2026-01-01T16:30:00Z'],
  ['UTC', '2026-01-01T22:00:00Z'],
])('ten at night in %s is %s, named or by the machine', (zone, time) => {
  const before = new Date(Date.parse(time) - minute);
  const named = readQuiet(`22:00-07:00 ${zone}`);
  expect(quietFor(named, before)).toBe(0);
  expect(quietFor(named, new Date(time))).toBe(9 * 60 * minute);
  vi.stubEnv('TZ', zone);
  const own = readQuiet('22:00-07:00');
  expect(quietFor(own, before)).toBe(0);
  expect(quietFor(own, new Date(time))).toBe(9 * 60 * minute);
});

test.each([
  ['2026-03-29', 'T04:59:00Z', 'T05:00:00Z'],
  ['2026-10-25', 'T05:59:00Z', 'T06:00:00Z'],
  ['2026-06-01', 'T04:59:00Z', 'T05:00:00Z'],
])('in Berlin the night before %s ends at seven', (day, last, first) => {
  const night = readQuiet('22:00-07:00 Europe/Berlin');
  expect(quietFor(night, new Date(day + last))).toBe(minute);
  expect(quietFor(night, new Date(day + first))).toBe(0);
});

test.each([
  '',
  '22-7',
  '25:00-07:00',
  '24:30-07:00',
  '22:00-07:60',
  '07:00-07:00',
  '00:00-24:00',
  '22:00-07:00 Nowhere/Atall',
  '22:00-07:00 Europe/Berlin x',
])('"%s" are no hours', (text) => {
  expect(() => readQuiet(text)).toThrow(/no hours/);
});

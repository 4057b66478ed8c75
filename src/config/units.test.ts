import { expect, test } from 'vitest';
import { parseDuration, parseSize } from './units.ts';

test.each([
  ['2GiB', 2 * 1024 ** 3],
  ['1.5 MB', 1.5e6],
  ['10k', 10 * 1024],
  ['77', 77],
  [12, 12],
])('size %j', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([
  ['5ms', 5],
  ['14d', 14 * 86_400_000],
  ['2 min', 120_000],
  ['0', 0],
])('duration %j', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', 'x', '-1', '1 parsec', '1e9', true, null, Number.NaN, -1, {}])(
  '%j is neither',
  (value) => {
    expect(parseSize(value)).toBeUndefined();
    expect(parseDuration(value)).toBeUndefined();
  },
);

import { expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

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

test.each([0, 1, 1000, 1024, 1536, 64 * 1024 ** 2, 2 * 1024 ** 3, 500e6])(
  '%d is written so that it is read again',
  (value) => {
    expect(parseSize(formatSize(value))).toBe(value);
    expect(parseDuration(formatDuration(value))).toBe(value);
  },
);

test('the largest unit without a rest is taken', () => {
  const written = [
    formatSize(1024 ** 3),
    formatSize(1500),
    formatDuration(0.5),
    formatDuration(9e4),
  ];
  expect(written).toEqual(['1GiB', '1500', '0.5ms', '90s']);
});

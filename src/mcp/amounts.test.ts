import { expect, test } from 'vitest';
import { ago, size } from './amounts.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [45_000_000, '45 MB'],
  [2_500_000_000, '2.5 GB'],
  [5e15, '5000 TB'],
])('%d bytes are %s', (bytes, text) => expect(size(bytes)).toBe(text));

test.each([
  [-5, 'just now'],
  [40_000, '40 s ago'],
  [120_000, '2 min ago'],
  [5 * 3_600_000, '5 h ago'],
  [72 * 3_600_000, '3 d ago'],
])('%d ms are %s', (ms, text) => expect(ago(ms)).toBe(text));

import { expect, test } from 'vitest';
import { type RsyncProgress, readProgress } from './progress.ts';

const text =
  '         32,768   0%    0.00kB/s    0:00:00\r     12,582,912  45%   11.99MB/s    0:00:01\r' +
  '     27,000,000 100%   12.01MB/s    0:00:02 (xfr#2, to-chk=0/2)\nsomething else\n';

test('lines of progress, in pieces of any length', () => {
  for (const length of [1, 7, 1000]) {
    const seen: RsyncProgress[] = [];
    const read = readProgress((progress) => seen.push(progress));
    for (let at = 0; at < text.length; at += length) read(text.slice(at, at + length));
    expect(seen).toEqual([
      { bytes: 32_768 },
      { bytes: 12_582_912 },
      { bytes: 27_000_000, files: 2 },
    ]);
  }
});

test('an endless line costs no memory', () => {
  const read = readProgress(() => expect.unreachable());
  for (let at = 0; at < 1000; at += 1) read('9'.repeat(10_000));
});

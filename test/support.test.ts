/** The test helpers themselves: a helper that sees no difference would make every test pass. */
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { random } from './support/random.ts';
import { skipReason } from './support/skip.ts';
import { makeTree, portable, snapshot, temporaryDirectory } from './support/tree.ts';
import { waitFor } from './support/wait.ts';

test('a snapshot sees content, kind, mode, time and link target', () => {
  const dir = temporaryDirectory();
  const mtime = new Date(1_700_000_000_123);
  makeTree(dir, { 'a/b': { content: 'x', mode: 0o644, mtime }, l: { link: 'a/b' } });
  const changes: [string, () => void][] = [
    ['content', () => makeTree(dir, { 'a/b': { content: 'y', mtime } })],
    ['mode', () => chmodSync(join(dir, 'a/b'), 0o755)],
    ['time', () => utimesSync(join(dir, 'a/b'), mtime, new Date(1_700_000_001_000))],
    ['a new directory', () => mkdirSync(join(dir, 'c'))],
    ['a new link', () => symlinkSync('x', join(dir, 'm'))],
  ];
  for (const [what, change] of changes) {
    const before = portable(snapshot(dir));
    change();
    expect(portable(snapshot(dir)), what).not.toEqual(before);
  }
});

test('times less than a millisecond apart are the same, on either side of a full one too', () => {
  const file = { path: 'f', type: 'file', mode: 0o644, executable: false } as const;
  const at = (mtime: number) => [{ ...file, mtime, size: 0, sha256: '', target: '' }];
  const wanted = portable(at(5.9));
  expect(portable(at(6.1), wanted)).toEqual(wanted);
  expect(portable(at(7.1), wanted)).not.toEqual(wanted);
});

test('a snapshot holds names of any bytes, and hides cai-own names unless asked', () => {
  const dir = temporaryDirectory();
  makeTree(dir, { 'n\xff\xfe': 'raw' }, 'latin1');
  writeFileSync(join(dir, '.cai-tmp'), '');
  expect(snapshot(dir).map(({ path }) => path)).toEqual(['n\xff\xfe']);
  expect(snapshot(dir, { own: true })).toHaveLength(2);
});

test('waitFor answers with what it waited for, and fails at the deadline with the last reason', async () => {
  let looks = 0;
  expect(await waitFor(() => (++looks > 3 ? looks : undefined))).toBe(4);
  const never = waitFor(() => Promise.reject(new Error('still 3')), { deadline: 30, what: 'four' });
  await expect(never).rejects.toThrow('four did not come about in 30 ms; still 3');
});

test('a seed repeats its choices', () => {
  const draw = (seed: number) =>
    Array.from(
      { length: 5 },
      (
        (r) => () =>
          r.below(1000)
      )(random(seed)),
    );
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('only skips with a need are legitimate', () => {
  expect(skipReason('watch (needs docker: sudo dockerd &) > starts')).toBe(
    'needs docker: sudo dockerd &',
  );
  expect(skipReason('watch (later) > starts')).toBeUndefined();
});

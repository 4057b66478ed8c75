/** A file that somebody wrote a moment ago is not replaced by a rename over it, whatever was told of it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { createActivity } from './activity.ts';
import type { Action } from './replica.ts';
import { openScanned, readAll, writeOf } from './testing.ts';

test('a rename right before the replacement is not lost', async () => {
  const root = temporaryDirectory();
  writeFileSync(`${root}/a`, 'one');
  const seen: string[] = [];
  const told = await openScanned({
    root,
    probe: (point) => {
      seen.push(point);
      // Between the two system calls of a replacement, whichever they are.
      if (point !== 'kept' && point !== 'displaced') return;
      writeFileSync(`${root}/.cai-other`, 'other');
      renameSync(`${root}/.cai-other`, `${root}/a`);
    },
  });
  const { kept, result } = await told.applyOne(writeOf('a', 'one', 'two'));
  expect(seen).toContain('displaced');
  expect(result).toBe('missed');
  expect(readFileSync(`${root}/a`, 'utf8')).toBe('other');
  expect(await readAll(told.replica.readKept(String(kept?.id)))).toBe('one');
});

test('nothing is known of the seconds before a replica was there: it takes no path for quiet', async () => {
  const seen: string[] = [];
  const told = await openScanned({
    activity: undefined,
    probe: (point) => seen.push(point),
  });
  await told.applyOne(writeOf('a', null, 'one'));
  await told.applyOne(writeOf('a', 'one', 'two'));
  expect(seen).toContain('displaced');
  expect(seen).not.toContain('kept');
});

test('what this replica itself wrote is replaced without a moment of nothing', async () => {
  const seen: string[] = [];
  const told = await openScanned({ probe: (point) => seen.push(point) });
  await told.applyOne(writeOf('a', null, 'one'));
  await told.applyOne(writeOf('a', 'one', 'two'));
  await told.applyOne(writeOf('a', 'two', 'three'));
  expect(seen).not.toContain('displaced');
});

test('what came with a new directory is replaced without a moment of nothing, too', async () => {
  const seen: string[] = [];
  const told = await openScanned({ probe: (point) => seen.push(point) });
  const names = ['a', 'b', 'c'].map((name) => `top/${name}`);
  const top: Action = {
    type: 'mkdir',
    path: 'top',
    expect: null,
    entry: { kind: 'directory', mode: 0o755 },
  };
  const outcomes = await told.replica.apply([
    top,
    ...names.map((name) => writeOf(name, null, 'one')),
  ]);
  expect(outcomes.map(({ result }) => result)).toEqual(Array(4).fill('done'));
  for (const name of names) await told.applyOne(writeOf(name, 'one', 'two'));
  expect(seen).toContain('kept');
  expect(seen).not.toContain('displaced');
});

test('where somebody wrote they may write again, anywhere, for ten seconds', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const activity = createActivity();
  expect(activity.isBusy('d/a', undefined)).toBe(true);
  vi.advanceTimersByTime(10_100);
  expect(activity.isBusy('d/a', undefined)).toBe(false);
  activity.note();
  vi.advanceTimersByTime(9_900);
  expect(activity.isBusy('d/a', undefined)).toBe(true);
  vi.advanceTimersByTime(200);
  expect(activity.isBusy('d/a', undefined)).toBe(false);
});

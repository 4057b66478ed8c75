/** What an outcome told otherwise than the picture has is told by the look at it, neither before nor never. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { Entry } from '../tree/entry.ts';
import { readAtOnce } from './digest.ts';
import {
  diskLines,
  entryOf,
  openScanned,
  take,
  testOptions,
  toldLines,
  writeOf,
} from './testing.ts';

/** Writes a file that looks leave to patient ones: it is long, and passes for one that is being written. */
function writeLong(path: string, mtime: number): void {
  fs.writeFileSync(path, 'x'.repeat(readAtOnce + 1));
  fs.utimesSync(path, mtime, mtime);
}

/** In seconds, and in the future: however slow the machine is, it was a moment ago. */
function lateTime(): number {
  return Math.floor(Date.now() / 1000) + 3_600;
}

test('a write through the new name of a move that fails for it is told at the old name', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/from`, 'moved');
  const { ctimeMs, mtimeMs } = fs.lstatSync(`${root}/from`);
  // Only of a file that needs no second reading the move begins with the new name.
  await waitFor(() => Date.now() - ctimeMs > 30);
  const { replica, applyOne, told } = await openScanned({
    root,
    probe: (point) => {
      if (point === 'placed') fs.writeFileSync(`${root}/to`, 'intruder');
    },
  });
  const entry = entryOf('moved', { mtime: mtimeMs });
  const source = { from: 'move', path: 'from' } as const;
  const action = { type: 'write', path: 'to', expect: null, entry, source } as const;
  expect(await applyOne(action)).toMatchObject({ result: 'failed', now: null });
  await replica.drain();
  expect(fs.readFileSync(`${root}/from`, 'utf8')).toBe('intruder');
  expect(toldLines(told)).toEqual(diskLines(root));
});

test('a long file that is again what it was before an outcome told otherwise is told', async () => {
  const root = temporaryDirectory();
  const mtime = lateTime();
  writeLong(`${root}/f`, mtime);
  const { replica, applyOne, told } = await openScanned({ root });
  fs.writeFileSync(`${root}/f`, 'theirs');
  const { result, now } = await applyOne({
    type: 'remove',
    path: 'f',
    expect: told.get('f') as Entry,
  });
  expect(result).toBe('missed');
  take(told, 'f', now);
  writeLong(`${root}/f`, mtime);
  await replica.drain();
  expect(toldLines(told)).toEqual(diskLines(root));
});

test('a long new file that an action met is at no time told to be gone', async () => {
  const { replica, root, applyOne, told, changes } = await openScanned();
  writeLong(`${root}/f`, lateTime());
  const { result, now } = await applyOne(writeOf('f', null, 'ours'));
  expect(result).toBe('missed');
  take(told, 'f', now);
  await replica.drain();
  expect(changes).not.toContainEqual({ path: 'f', look: null });
  expect(toldLines(told)).toEqual(diskLines(root));
});

test('a directory that an outcome told to be gone is not told to be there', async () => {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/d`);
  fs.writeFileSync(`${root}/d/f`, 'known');
  const { applyOne, told, changes } = await openScanned({ root });
  const expected = told.get('d') as Entry;
  fs.rmSync(`${root}/d`, { recursive: true });
  const { now } = await applyOne({ type: 'remove', path: 'd', expect: expected });
  expect(now).toBeNull();
  take(told, 'd', now);
  // Without a drain: the look waits for the end of the removal.
  await waitFor(() => told.size === 0);
  expect(changes.filter(({ look }) => look !== null)).toEqual([]);
});

test('a look that is asked for at one path tells nothing of another, which was not looked at', async () => {
  // Only what is asked for is looked at before the drain.
  const options = { ...testOptions, settle: 10_000, settleMax: 10_000 };
  const { replica, root, applyOne, told, changes } = await openScanned({ options });
  fs.writeFileSync(`${root}/f`, 'theirs');
  const { result, now } = await applyOne(writeOf('f', null, 'ours'));
  expect(result).toBe('missed');
  take(told, 'f', now);
  await replica.look(['g']);
  expect(changes).toEqual([{ path: 'g', look: null }]);
  await replica.drain();
  expect(toldLines(told)).toEqual(diskLines(root));
});

/** What one look believes: above all, that a file which is empty since just now will not stay so. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { realFs } from './fs-port.ts';
import { type LookTask, lookNow, lookPatiently } from './look.ts';
import type { FileNode } from './nodes.ts';

const known = (size: number) => ({ kind: 'file', size, racy: true }) as FileNode;

/** An empty file that was written to so many milliseconds ago. */
function emptyFile(age: number): LookTask {
  const at = `${temporaryDirectory()}/f`;
  fs.writeFileSync(at, '');
  const time = (Date.now() - age) / 1000;
  fs.utimesSync(at, time, time);
  return { fs: realFs, at, path: 'f', maxFileSize: 1e9, keepUpTo: 0 };
}

test.each([
  // In the future, so that the test has all the time it needs until the look.
  ['made just now', -5, undefined, 'later'],
  ['made a while ago', 1_000, undefined, 'file'],
  ['emptied just now', -20, 5, 'later'],
  ['emptied a while ago', 1_000, 5, 'file'],
  ['empty before', -5, 0, 'file'],
])('a file that was %s', (_, age, size, kind) => {
  const task = emptyFile(age);
  expect(lookNow(size === undefined ? task : { ...task, known: known(size) }).kind).toBe(kind);
});

test('one that stays empty is told so in the end', async () => {
  const task = { ...emptyFile(0), known: known(5) };
  expect(await lookPatiently(task, 1_000)).toMatchObject({ kind: 'file', stat: { size: 0 } });
});

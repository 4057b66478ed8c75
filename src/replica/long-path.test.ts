/** Paths that are longer than the system takes: what is there is blocked, what is not is absent. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { openScanned, writeOf } from './testing.ts';

const directory = 'd'.repeat(220);
const name = 'f'.repeat(250);
const path = `${directory}/${name}`;

function deepRoot(): string {
  const root = `${temporaryDirectory()}/${Array.from({ length: 19 }, () => 'r'.repeat(200)).join('/')}`;
  mkdirSync(`${root}/${directory}`, { recursive: true });
  return root;
}

test('what cannot be written there is not there afterwards either', async () => {
  const told = await openScanned({ root: deepRoot() });
  const outcome = await told.applyOne(writeOf(path, null, 'content'));
  expect(outcome).toMatchObject({ result: 'failed', error: { code: 'NAME' }, now: null });
  await told.replica.look([path]);
  expect(told.changes).toEqual([{ path, look: null }]);
});

test('what was made there on a shorter way is blocked, not absent', async () => {
  const root = deepRoot();
  // Node cannot remove it by its path either.
  onTestFinished(() => void execFileSync('rm', ['-rf', `${root}/${directory}`]));
  execFileSync('sh', ['-ec', `cd "$0"; : > ${name}`, `${root}/${directory}`]);
  const told = await openScanned({ root });
  await told.replica.look([path]);
  expect(told.changes.at(-1)?.look).toMatchObject({ kind: 'blocked', why: 'name' });
});

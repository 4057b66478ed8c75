/** Invariant 5: a root that is gone or another never looks like deletions. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { createRootGuard } from './root-guard.ts';
import { openScanned, removeOf, type TestReplica } from './testing.ts';

function rootIn(parent: string): string {
  const root = `${parent}/root`;
  makeTree(root, { a: '1', 'd/b': '2' });
  return root;
}

function lossOf(told: TestReplica): unknown {
  const lost = told.events.filter((event) => event.type === 'root-lost');
  return lost.at(-1)?.reason;
}

function noRemovals(told: TestReplica): void {
  expect(told.changes.filter((change) => change.look === null)).toEqual([]);
}

test('a root that is moved away is missing; once it is back a scan is asked for', async () => {
  const parent = temporaryDirectory();
  const told = await openScanned({ root: rootIn(parent) });
  fs.renameSync(told.root, `${parent}/elsewhere`);
  await waitFor(() => lossOf(told) === 'missing');
  await expect(told.replica.drain()).rejects.toMatchObject({ code: 'ROOT' });
  const outcome = await told.applyOne(removeOf('a', '1'));
  expect(outcome).toMatchObject({ result: 'failed', error: { code: 'ROOT' } });
  expect(fs.existsSync(told.root)).toBe(false);
  noRemovals(told);
  fs.renameSync(`${parent}/elsewhere`, told.root);
  await waitFor(() => told.events.some((event) => event.type === 'rescan-needed'));
  await told.scan();
  fs.rmSync(`${told.root}/a`);
  await told.replica.drain();
  expect(told.changes).toEqual([{ path: 'a', look: null }]);
});

test('a removed root tells no removals', async () => {
  const parent = temporaryDirectory();
  const told = await openScanned({ root: rootIn(parent) });
  fs.renameSync(told.root, `${parent}/x`);
  fs.rmSync(`${parent}/x`, { recursive: true });
  await waitFor(() => lossOf(told) === 'missing');
  noRemovals(told);
});

test('another directory in the place of the root is not looked at', async () => {
  const parent = temporaryDirectory();
  const told = await openScanned({ root: rootIn(parent) });
  fs.renameSync(told.root, `${parent}/x`);
  fs.mkdirSync(told.root);
  await waitFor(() => lossOf(told) === 'replaced');
  await expect(told.scan()).rejects.toMatchObject({ code: 'ROOT' });
  await told.replica.close();
  noRemovals(told);
  expect(fs.readdirSync(told.root)).toEqual([]);
});

test('a root removed and made again at once, which may get the same inode number', async () => {
  const parent = temporaryDirectory();
  const told = await openScanned({ root: rootIn(parent) });
  for (const name of fs.readdirSync(told.root))
    fs.renameSync(`${told.root}/${name}`, `${parent}/${name}`);
  fs.rmdirSync(told.root);
  fs.mkdirSync(told.root);
  await waitFor(() => lossOf(told) === 'replaced');
  noRemovals(told);
});

test('a file in the place of the root', async () => {
  const parent = temporaryDirectory();
  const told = await openScanned({ root: rootIn(parent) });
  fs.renameSync(told.root, `${parent}/x`);
  fs.writeFileSync(told.root, '');
  await waitFor(() => lossOf(told) === 'not-a-directory');
  noRemovals(told);
});

test('a root made a moment ago has the same identity later, though the one above is as new', () => {
  const parent = temporaryDirectory();
  const root = `${parent}/new/root`;
  fs.mkdirSync(root, { recursive: true });
  const { identity } = createRootGuard({ fs, root });
  const { birthtimeMs } = fs.statSync(root);
  fs.writeFileSync(`${root}/later`, '');
  fs.mkdirSync(`${parent}/new/beside`);
  expect(identity.born).toBe(birthtimeMs);
  expect(createRootGuard({ fs, root }).identity).toEqual(identity);
});

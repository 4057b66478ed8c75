/** What closed replicas leave behind goes to the next one at once. */
import { readdirSync, renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openScanned, readAll, writeOf } from './testing.ts';

const areas = (root: string) => readdirSync(root).filter((name) => name.startsWith('.cai-'));

async function withKept() {
  const test = await openScanned();
  await test.applyOne(writeOf('a', null, 'one'));
  await test.applyOne(writeOf('a', 'one', 'two'));
  return test;
}

test('what was not released is told to the next replica', async () => {
  const { replica, root } = await withKept();
  await replica.close();
  const next = await openScanned({ root });
  const [kept, ...others] = await next.replica.takeLeft();
  expect(others).toEqual([]);
  expect(kept).toMatchObject({ path: 'a', expected: true });
  expect(await readAll(next.replica.readKept(String(kept?.id)))).toBe('one');
  await next.replica.release([String(kept?.id)]);
  await next.replica.close();
  expect(areas(root)).toEqual([]);
});

test('an area whose root was away when it was closed is taken over when the root is back', async () => {
  const { replica, root } = await withKept();
  renameSync(root, `${root}-away`);
  await replica.close();
  renameSync(`${root}-away`, root);
  const next = await openScanned({ root });
  const left = await next.replica.takeLeft();
  expect(left).toMatchObject([{ path: 'a' }]);
  await next.replica.release(left.map(({ id }) => id));
  await next.replica.close();
  expect(areas(root)).toEqual([]);
});

test('what a run left that was still dying is taken over by a later call', async () => {
  const dying = await withKept();
  const next = await openScanned({ root: dying.root });
  expect(await next.replica.takeLeft()).toEqual([]);
  await dying.replica.close();
  expect(await next.replica.takeLeft()).toMatchObject([{ path: 'a' }]);
  expect(await next.replica.takeLeft()).toEqual([]);
  expect(areas(dying.root)).toHaveLength(1);
});

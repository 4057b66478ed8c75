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
  const [kept, ...others] = next.replica.info.leftKept;
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
  expect(next.replica.info.leftKept).toMatchObject([{ path: 'a' }]);
  await next.replica.release(next.replica.info.leftKept.map(({ id }) => id));
  await next.replica.close();
  expect(areas(root)).toEqual([]);
});

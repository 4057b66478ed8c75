/** No outcome is a guess. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { faultyFs, openScanned, writeOf } from './testing.ts';

test('what cannot be looked at is not told as absent', async () => {
  const root = temporaryDirectory();
  mkdirSync(`${root}/d`);
  writeFileSync(`${root}/d/a`, 'one');
  const faulty = faultyFs();
  const told = await openScanned({ root, fs: faulty.fs });
  faulty.fail = (_call, path) => (path.endsWith('/d') ? 'EIO' : undefined);
  const outcome = await told.applyOne(writeOf('d/a', 'one', 'two'));
  expect(outcome).toMatchObject({ result: 'failed', now: { kind: 'blocked', why: 'unreadable' } });
});

/** What a look at both sides whole finds out although nobody told it. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { faultyFs } from '../replica/testing.ts';
import { startPair } from './testing.ts';

it('what could not be carried over is no problem any more when it went unseen', async () => {
  const { fs, fail } = failing('/new');
  const pair = await startPair({ fs: { container: fs } });
  await pair.same();
  fail('ENOSPC');
  writeFileSync(`${pair.local}/new`, 'cannot go over');
  const paths = () => pair.session.status().problems.map(({ path }) => path);
  await waitFor(() => paths().includes('new'));
  renameSync(pair.local, `${pair.local}-away`);
  await waitFor(() => pair.session.status().holds.length > 0);
  rmSync(`${pair.local}-away/new`);
  fail(undefined);
  renameSync(`${pair.local}-away`, pair.local);
  await waitFor(() => pair.session.status().holds.length === 0);
  await pair.same();
  expect(paths()).toEqual([]);
});

/** Calls with a path that ends so fail while there is a code. */
function failing(end: string) {
  const faulty = faultyFs();
  return {
    fs: faulty.fs,
    fail(code: string | undefined) {
      const isMeant = (call: string, path: string) => call !== 'lstatSync' && path.endsWith(end);
      faulty.fail = (call, path) => (isMeant(call, path) ? code : undefined);
    },
  };
}

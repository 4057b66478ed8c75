/** Problems end with what they were about. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { faultyFs } from '../replica/testing.ts';
import { startPair } from './testing.ts';

it('an action that was done although it failed leaves no problem behind', async () => {
  const faulty = faultyFs();
  const pair = await startPair({ fs: { container: faulty.fs } });
  await pair.same();
  // The directory is made; that it cannot be looked at afterwards is what fails.
  let failed = false;
  faulty.fail = (call, path) => {
    if (failed || call !== 'readdirSync' || !path.endsWith('/new')) return undefined;
    failed = true;
    return 'EACCES';
  };
  mkdirSync(`${pair.local}/new`);
  writeFileSync(`${pair.local}/new/file`, 'in it');
  await waitFor(() => failed);
  const isSolved = () => pair.session.status().problems.length === 0;
  await waitFor(async () => (await pair.session.flush({ timeoutMs: 5_000 })) && isSolved());
  await pair.same();
  expect(pair.session.status().problems).toEqual([]);
});

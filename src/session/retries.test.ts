/** Paths that wait to be tried again. */
import { expect, it, onTestFinished } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import type { Path } from '../tree/path.ts';
import { Retries } from './retries.ts';

function setUp() {
  const tried: Path[] = [];
  const retries = new Retries((paths) => {
    for (const path of paths) tried.push(path);
  });
  onTestFinished(() => retries.close());
  return { retries, tried };
}

it('a path that fails for the first time does not wait for one that has failed often', async () => {
  const { retries, tried } = setUp();
  for (let n = 0; n < 20; n += 1) {
    retries.now();
    retries.later('often');
  }
  tried.length = 0;
  retries.later('before');
  await waitFor(() => expect(tried).toEqual(['before']));
  retries.later('once');
  await waitFor(() => expect(tried).toEqual(['before', 'once']));
});

it('very many paths may fail', async () => {
  const { retries, tried } = setUp();
  const count = 200_000;
  for (let n = 0; n < count; n += 1) retries.later(`path-${n}`);
  await waitFor(() => expect(tried).toHaveLength(count), { deadline: 20_000 });
});

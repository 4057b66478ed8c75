/** Displaced files on their way into the history. */
import { closeSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { startPair } from './testing.ts';

it('a file that is written to after it was replaced is in the history at the end, and nothing is left', async () => {
  const pair = await startPair({
    options: { conflicts: 'newest' },
    fill: (local) => writeFileSync(`${local}/a`, 'one'),
  });
  await pair.same();
  const fd = openSync(`${pair.container}/a`, 'a');
  writeFileSync(`${pair.local}/a`, 'two');
  await waitFor(() => pair.store.history({ path: 'a' }).length > 0);
  writeSync(fd, ' and more');
  closeSync(fd);
  await pair.stop();
  for (const root of [pair.local, pair.container])
    expect(readdirSync(root).filter((name) => name.startsWith('.cai-'))).toEqual([]);
  const again = await startPair({ again: pair });
  const texts = again.store
    .history({ path: 'a' })
    .map(({ entry }) => entry.kind === 'file' && again.store.contents.read(entry.digest))
    .map((bytes) => Buffer.from(bytes || []).toString());
  expect(texts).toEqual(['one and more', 'one']);
});

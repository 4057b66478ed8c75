/** What an earlier run left while it was dying comes into the history, not only at the next start. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openScanned, removeOf, writeOf } from '../replica/testing.ts';
import { startPair } from './testing.ts';

it('what a run keeps that ends after the session began is in the history when it stops', async () => {
  const pair = await startPair();
  await pair.same();
  const dying = await openScanned({ root: pair.container });
  await dying.applyOne(writeOf('a', null, 'only copy'));
  await dying.applyOne(removeOf('a', 'only copy'));
  await dying.replica.close();
  await pair.session.stop();
  const kept = pair.store.history({ path: 'a' }).map(({ reason, entry }) => ({
    reason,
    content:
      entry.kind === 'file' && String(Buffer.from(pair.store.contents.read(entry.digest) ?? [])),
  }));
  expect(kept).toContainEqual({ reason: 'recovered', content: 'only copy' });
  for (const root of [pair.local, pair.container])
    expect(readdirSync(root).filter((name) => name.startsWith('.cai-'))).toEqual([]);
});

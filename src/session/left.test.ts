/** What an earlier run left while it was dying comes into the history, not only at the next start. */
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
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

it('what the run before saved but did not let go is not in the history twice', async () => {
  const first = await startPair({ fill: (local) => writeFileSync(`${local}/a`, 'one') });
  await first.same();
  writeFileSync(`${first.local}/a`, 'two');
  await first.same();
  const saved = first.store.history({ path: 'a' }).length;
  expect(saved).toBe(1);
  // The staging area as a crash would leave it.
  const [area] = readdirSync(first.container).filter((name) => name.startsWith('.cai-stage'));
  cpSync(`${first.container}/${area}`, `${first.container}/.cai-stage-left`, { recursive: true });
  writeFileSync(`${first.container}/.cai-stage-left/owner`, JSON.stringify({ left: true }));
  await first.stop();
  const again = await startPair({ again: first });
  await again.same();
  await again.session.stop();
  expect(again.store.history({ path: 'a' })).toHaveLength(saved);
  expect(readdirSync(first.container)).toEqual(['a']);
});

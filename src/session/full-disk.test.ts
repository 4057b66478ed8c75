/** The disk of the state is full, or its database cannot be written. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { CaiError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { startPair } from './testing.ts';

/** The store, in which there is no room for a content, or for a version of the history, while it is full. */
function smallStore(what: 'contents' | 'versions') {
  const disk = { isFull: false };
  const check = (): void => {
    if (disk.isFull) throw new CaiError('NO_SPACE', 'No space is left.');
  };
  const of = (real: Store): Store => {
    const contents: Store['contents'] = {
      ...real.contents,
      putBytes: (bytes) => {
        if (what === 'contents') check();
        return real.contents.putBytes(bytes);
      },
    };
    const commit: Store['commit'] = (rows) => {
      if (what === 'versions' && rows.versions.length > 0) check();
      return real.commit(rows);
    };
    const instead = { contents, commit };
    return new Proxy(real, {
      get: (target, name) => Reflect.get(Object.hasOwn(instead, name) ? instead : target, name),
    });
  };
  return { disk, of };
}

it('a removal that gave way to an edit is noted, also without its content', async () => {
  const { disk, of } = smallStore('contents');
  const fill = (local: string) => writeFileSync(join(local, 'a'), 'one');
  const pair = await startPair({ store: of, fill });
  await pair.same();
  await pair.session.pause();
  rmSync(join(pair.container, 'a'));
  writeFileSync(join(pair.local, 'a'), 'two');
  disk.isFull = true;
  await pair.session.resume();
  await pair.same();
  const restored = expect.objectContaining({ type: 'restored', side: 'container' });
  expect(pair.events).toContainEqual(restored);
  const row = expect.objectContaining({ side: 'container', reason: 'removed', kept: false });
  await waitFor(() => expect(pair.store.history({ path: 'a' })).toContainEqual(row));
  const notice = expect.objectContaining({ message: expect.stringContaining('is not kept') });
  expect(pair.events).toContainEqual(notice);
});

it('a session whose history cannot be written says so, stops, and leaves what it could not save', async () => {
  const { disk, of } = smallStore('versions');
  const fill = (local: string) => writeFileSync(join(local, 'a'), 'one');
  const pair = await startPair({ store: of, fill });
  await pair.same();
  disk.isFull = true;
  writeFileSync(join(pair.local, 'a'), 'two');
  const { problems } = await pair.session.flush({ timeoutMs: 20_000 });
  expect(problems).toContainEqual(expect.objectContaining({ code: 'STATE', side: 'session' }));
  await pair.stop();
  expect(pair.session.status().state).toBe('stopped');
  const again = await startPair({ again: pair });
  await again.same();
  const row = expect.objectContaining({ reason: 'recovered', kept: true });
  expect(again.store.history({ path: 'a' })).toContainEqual(row);
});

/** Displaced files on their way into the history. */
import { closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { CaiError } from '../errors.ts';
import { contentFiles } from '../store/store.fixture.ts';
import type { Store } from '../store/store.ts';
import { ConflictList } from './conflict-list.ts';
import { Keeper } from './keeper.ts';
import { createReport } from './report.ts';
import { startPair, testOptions } from './testing.ts';

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

it('what is displaced while a slow disk writes is in the history by itself, without a flush', async () => {
  // Longer than rows are collected: the time for the next rows comes while the first are written.
  const slowMs = 1_000;
  let writes = 0;
  const slow = (real: Store): Store => {
    const makeDurable: Store['contents']['makeDurable'] = async (digests) => {
      writes += 1;
      await new Promise((resolve) => setTimeout(resolve, slowMs));
      await real.contents.makeDurable(digests);
    };
    const contents = { ...real.contents, makeDurable };
    return new Proxy(real, {
      get: (target, name) => (name === 'contents' ? contents : Reflect.get(target, name)),
    });
  };
  const pair = await startPair({
    store: slow,
    fill: (local) => {
      writeFileSync(`${local}/a`, 'one');
      writeFileSync(`${local}/b`, 'one');
    },
  });
  await pair.same();
  writeFileSync(`${pair.local}/a`, 'two');
  await waitFor(() => writes === 1);
  writeFileSync(`${pair.local}/b`, 'two');
  await waitFor(() => pair.store.history({ path: 'b' }).length === 1);
  await pair.stop();
});

/** As on a disk that has room for so many bytes of contents, those included that are being written. */
function smallDisk(capacity: number) {
  const saved = new Set<string>();
  let writing = 0;
  const putStream = async (real: Store, ...[chunks, most]: Parameters<PutStream>) => {
    let written = 0;
    async function* limited() {
      for await (const chunk of chunks) {
        const whole = contentFiles(real).filter((file) => !file.includes('/objects/tmp/'));
        if (bytesOf(whole) + writing + chunk.length > capacity)
          throw new CaiError('NO_SPACE', 'No space is left.');
        writing += chunk.length;
        written += chunk.length;
        yield chunk;
      }
    }
    try {
      const put = await real.contents.putStream(limited(), most);
      if (put !== undefined) saved.add(put.digest);
      return put;
    } finally {
      writing -= written;
    }
  };
  const store = (real: Store): Store => {
    const contents = { ...real.contents, putStream: putStream.bind(undefined, real) };
    return new Proxy(real, {
      get: (target, name) => (name === 'contents' ? contents : Reflect.get(target, name)),
    });
  };
  return { store, saved };
}

type PutStream = Store['contents']['putStream'];

function bytesOf(files: readonly string[]): number {
  const sizes = files.map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

it('on a full disk older versions make room for newer ones, as far as they would go anyway', async () => {
  const size = 300_000;
  const names = Array.from({ length: 10 }, (_, n) => `file-${n}`);
  const write = (root: string, first: number) => {
    for (const [n, name] of names.entries())
      writeFileSync(`${root}/${name}`, Buffer.alloc(size, first + n));
  };
  const disk = smallDisk(3.6 * size);
  const pair = await startPair({
    options: { history: { ...testOptions.history, maxBytes: 3.5 * size }, mergeBudget: 0 },
    store: disk.store,
    fill: (local) => write(local, 1),
  });
  await pair.same();
  write(pair.local, 100);
  await pair.same();
  await waitFor(() => disk.saved.size === names.length);
  expect(pair.session.status().problems).toEqual([]);
  await pair.stop();
  expect(readdirSync(pair.container).filter((name) => name.startsWith('.cai-'))).toEqual([]);
  const again = await startPair({ again: pair });
  expect(again.store.history().filter(({ kept }) => kept)).toHaveLength(3);
});

it('what comes when it is closed keeps neither the process nor whoever waits', async () => {
  const pair = await startPair();
  await pair.same();
  const report = createReport();
  const { store } = pair;
  const conflicts = new ConflictList({ store, report, maxAge: 1 });
  const keeper = new Keeper({ store, report, conflicts, maxBytes: 1 });
  const before = pair.store.history().length;
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  keeper.close();
  const count = timers();
  const entry = { kind: 'directory', mode: 0o755 } as const;
  keeper.went({ path: 'a', side: 'local', entry, reason: 'restored' });
  expect(timers()).toBe(count);
  await keeper.settled();
  expect(pair.store.history()).toHaveLength(before);
});

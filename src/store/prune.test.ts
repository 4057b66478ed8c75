import { mkdirSync, rmSync, utimesSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentFiles, day, file, keep, limits, testStore, version } from './store.fixture.ts';

const hour = 3_600_000;
const now = Date.now();
const has = (store: ReturnType<typeof testStore>, text: string): boolean =>
  store.contents.has(file(text).digest);

test('versions beyond the age go with their contents, others stay', () => {
  const store = testStore({ now: () => now });
  keep(store, 'old', 'old', now - 15 * day);
  const id = keep(store, 'young', 'young', now - 13 * day);
  store.commit({ base: [], versions: [version('big', 'not kept', now - 13 * day)], events: [] });
  expect(store.prune(now)).toEqual({ versions: 1, bytes: 3 });
  expect(store.history().map(({ path }) => path)).toEqual(['big', 'young']);
  expect(store.version(id)?.kept).toBe(true);
  expect([has(store, 'old'), has(store, 'young')]).toEqual([false, true]);
  expect(store.prune(now)).toEqual({ versions: 0, bytes: 0 });
  expect(store.prune(now + 2 * day).versions).toBe(2);
  expect(contentFiles(store)).toEqual([]);
});

test('beyond the size the oldest contents go, until what is left fits', () => {
  const store = testStore({ limits: { ...limits, maxBytes: 25 } });
  keep(store, 'a', 'a'.repeat(10), 1000 + now);
  keep(store, 'oldest', 'b'.repeat(10), now);
  const folder = {
    ...version('d', ''),
    time: now - 5,
    entry: { kind: 'directory', mode: 0 },
  } as const;
  store.commit({ base: [], versions: [folder], events: [] });
  expect(store.prune(now).versions).toBe(0);
  keep(store, 'c', 'c'.repeat(10), 2000 + now);
  // Without anybody asking: the commit that made it too much lets go.
  expect(store.history().map(({ path }) => path)).toEqual(['c', 'd', 'a']);
  expect(contentFiles(store)).toHaveLength(2);
  expect(store.prune(now)).toEqual({ versions: 0, bytes: 0 });
});

test('room is made for a content to come, by what would go with it, and no more', () => {
  const store = testStore({ limits: { ...limits, maxBytes: 25 } });
  keep(store, 'a', 'a'.repeat(10), now);
  keep(store, 'b', 'b'.repeat(10), 1 + now);
  expect(store.prune(now, 5)).toEqual({ versions: 0, bytes: 0 });
  expect(store.prune(now, 26)).toEqual({ versions: 0, bytes: 0 });
  expect(store.prune(now, 6)).toEqual({ versions: 1, bytes: 10 });
  expect(store.history().map(({ path }) => path)).toEqual(['b']);
});

test('a version that is written is so although what it made too much cannot go', () => {
  const store = testStore({ limits: { ...limits, maxBytes: 25 } });
  keep(store, 'a', 'a'.repeat(20), now);
  // In the place of its content something that is no file, and does not go as one.
  const content = store.contents.file(file('a'.repeat(20)).digest) as string;
  rmSync(content);
  mkdirSync(content);
  const id = keep(store, 'b', 'b'.repeat(20), 1 + now);
  expect(store.history().map((row) => row.id)).toEqual([id]);
});

test('the size is known again after reopening', () => {
  const first = testStore();
  for (let n = 0; n < 5; n += 1) keep(first, `${n}`, `${n}`.repeat(10), now + n);
  first.close();
  const store = testStore({ directory: first.directory, limits: { ...limits, maxBytes: 20 } });
  expect(store.prune(now)).toEqual({ versions: 3, bytes: 30 });
});

test('a content that several versions share is kept once, until the last of them goes', () => {
  const store = testStore({ limits: { ...limits, maxBytes: 15 } });
  keep(store, 'a', 'x'.repeat(10), now - 15 * day);
  keep(store, 'b', 'x'.repeat(10), now);
  expect(contentFiles(store)).toHaveLength(1);
  expect(store.prune(now)).toEqual({ versions: 1, bytes: 0 });
  expect(store.history()[0]?.kept).toBe(true);
  expect(store.prune(now + 15 * day)).toEqual({ versions: 1, bytes: 10 });
  expect(contentFiles(store)).toEqual([]);
});

test('a content that was put again is not pruned before its commit', () => {
  const store = testStore();
  keep(store, 'a', 'text', now - 15 * day);
  store.contents.putBytes(Buffer.from('text'));
  store.prune(now);
  const [again] = store.commit({ base: [], versions: [version('b', 'text', now)], events: [] });
  expect(again?.kept).toBe(true);
  expect(store.prune(now + 15 * day)).toEqual({ versions: 1, bytes: 4 });
});

test('a content that no commit ever named goes after an hour', () => {
  let time = now;
  const store = testStore({ now: () => time });
  store.contents.putBytes(Buffer.from('crashed'));
  keep(store, 'a', 'named', now);
  for (const content of contentFiles(store)) utimesSync(content, now / 1000, now / 1000);
  expect(store.prune(now)).toEqual({ versions: 0, bytes: 0 });
  time += 2 * hour;
  expect(store.prune(time)).toEqual({ versions: 0, bytes: 7 });
  expect([has(store, 'crashed'), has(store, 'named')]).toEqual([false, true]);
});

test('whatever was kept and pruned, rows and contents agree and the size holds', () => {
  const step = fc.record({
    size: fc.integer({ min: 0, max: 12 }),
    letter: fc.constantFrom('a', 'b', 'c'),
    age: fc.integer({ min: 0, max: 20 }),
    prune: fc.boolean(),
  });
  const maxBytes = 30;
  const store = testStore({ limits: { ...limits, maxBytes }, now: () => now });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
      for (const { size, letter, age, prune } of steps) {
        keep(store, letter, letter.repeat(size), now - age * day);
        if (prune) store.prune(now);
      }
      store.prune(now);
      const versions = store.history();
      const oldest = Math.min(...versions.map(({ time }) => time));
      expect(oldest).toBeGreaterThanOrEqual(now - limits.maxAge);
      expect(versions.every(({ kept }) => kept)).toBe(true);
      const sizes = new Map(
        versions.map(({ entry }) => (entry.kind === 'file' ? [entry.digest, entry.size] : ['', 0])),
      );
      const sum = [...sizes.values()].reduce((total, size) => total + size, 0);
      expect(sum).toBeLessThanOrEqual(maxBytes);
      expect(contentFiles(store)).toHaveLength(sizes.size);
    }),
    { numRuns: 10 },
  );
});

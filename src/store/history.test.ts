import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBytes, isWithin } from '../tree/path.ts';
import { maxEvents } from './events.ts';
import { directory, file, keep, testStore, version } from './store.fixture.ts';
import type { NewVersion } from './store.ts';

const raw = fromBytes(Buffer.from([0x66, 0xff, 0x80]));

test('versions come back newest first, complete, by id and by path', () => {
  const store = testStore();
  const link: NewVersion = {
    path: `src/${raw}`,
    side: 'container',
    time: 5.5,
    reason: 'conflict',
    entry: { kind: 'link', target: `../${raw}` },
    by: 'agent',
  };
  const folder: NewVersion = { ...link, path: 'src', time: 6, reason: 'removed', entry: directory };
  const lost = version('big', 'never put', 7);
  const kept = version('small', 'put before', 8);
  store.contents.putBytes(Buffer.from('put before'));
  const written = store.commit({ base: [], versions: [link, folder, lost, kept], events: [] });
  expect(written).toEqual([
    { ...link, id: '1', kept: true },
    { ...folder, id: '2', kept: true },
    { ...lost, id: '3', kept: false },
    { ...kept, id: '4', kept: true },
  ]);
  expect(store.history()).toEqual([...written].reverse());
  for (const one of written) expect(store.version(one.id)).toEqual(one);
  for (const id of ['0', '5', '', 'x', '1x', '-1', '1e0', '9'.repeat(30)]) {
    expect(store.version(id)).toBeUndefined();
  }
  expect(store.history({ limit: 2 }).map(({ id }) => id)).toEqual(['4', '3']);
  expect(store.history({ since: 6 }).map(({ id }) => id)).toEqual(['4', '3', '2']);
  expect(store.history({ path: 'src' }).map(({ id }) => id)).toEqual(['2', '1']);
  expect(store.history({ path: `src/${raw}`, limit: 5 }).map(({ id }) => id)).toEqual(['1']);
});

test('a path names itself and everything below it, and nothing else', () => {
  const name = fc.constantFrom('a', 'a-', 'a0', 'b', raw, 'é');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  const store = testStore();
  const all: string[] = [];
  fc.assert(
    fc.property(path, path, (added, asked) => {
      const entry = directory;
      const row: NewVersion = { path: added, side: 'local', time: 1, reason: 'removed', entry };
      store.commit({ base: [], versions: [row], events: [] });
      all.unshift(added);
      const found = store.history({ path: asked }).map(({ path }) => path);
      expect(found).toEqual(all.filter((path) => isWithin(asked, path)));
      expect(store.history({ path: '' })).toHaveLength(all.length);
    }),
    { numRuns: 100 },
  );
});

test('a version whose content went missing says so', () => {
  const store = testStore();
  const id = keep(store, 'a', 'text');
  expect(store.version(id)?.kept).toBe(true);
  rmSync(store.contents.file(file('text').digest) as string);
  expect(store.version(id)?.kept).toBe(false);
  expect(store.history()[0]?.kept).toBe(false);
});

test('values are JSON values by key; undefined removes', () => {
  const store = testStore();
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (key, value) => {
      store.setValue(key, value);
      expect(store.getValue(key)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 50 },
  );
  store.setValue('key', 1);
  store.setValue('key', undefined);
  expect(store.getValue('key')).toBeUndefined();
});

test('events come back in their order; only the newest are kept', () => {
  const store = testStore();
  const event = (n: number) => ({ time: n, type: 'notice', data: { n, path: raw } });
  const events = Array.from({ length: maxEvents + 50 }, (_, n) => event(n));
  store.commit({ base: [], versions: [], events: events.slice(0, 100) });
  store.commit({ base: [], versions: [], events: events.slice(100) });
  expect(store.events()).toEqual(events.slice(50));
  expect(store.events({ limit: 2 })).toEqual(events.slice(-2));
  expect(store.events({ since: maxEvents + 49 })).toEqual(events.slice(-1));
});

test('a commit that fails leaves nothing of itself', () => {
  const store = testStore();
  const bad = { time: Number.NaN, type: 'notice', data: {} };
  const base = [['a', file('a')] as const];
  expect(() => store.commit({ base, versions: [version('a', 'x')], events: [bad] })).toThrow();
  expect([...store.loadBase(), ...store.history(), ...store.events()]).toEqual([]);
  expect(store.condition).toEqual({ state: 'new' });
});

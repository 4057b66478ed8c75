import { expect, test } from 'vitest';
import { fromBytes } from '../tree/path.ts';
import { maxArrivals } from './arrivals.ts';
import { day, directory, file, testStore } from './store.fixture.ts';
import type { NewArrival } from './store.ts';

const raw = fromBytes(Buffer.from([0x66, 0xff, 0x80]));
const arrival = (time: number, change: Partial<NewArrival> = {}): NewArrival => ({
  path: 'a',
  side: 'local',
  time,
  batch: 1,
  before: null,
  after: file('x'),
  ...change,
});
const nothing = { base: [], versions: [], events: [] };

test('arrivals come back complete, in order, by side, batch and time', () => {
  const store = testStore();
  const arrivals = [
    arrival(1, { path: raw, before: { kind: 'link', target: `../${raw}` }, by: 'undo' }),
    arrival(2, { before: directory, after: null, batch: 2.5 }),
    arrival(3, { side: 'container' }),
  ];
  store.commit({ ...nothing, arrivals });
  const all = arrivals.map((one, index) => ({ ...one, id: index + 1 }));
  expect(store.arrivals()).toEqual(all);
  expect(store.arrivals({ side: 'local', since: 1 })).toEqual([all[1]]);
  expect(store.arrivals({ batch: 1 })).toEqual([all[0], all[2]]);
  expect(store.lastBatch('local')).toBe(2.5);
  expect(store.lastBatch('container')).toBe(1);
  expect(store.arrivalsSince()).toBeUndefined();
});

test('they are bounded in age and in number, and the store says from when on it has them', () => {
  const store = testStore();
  const now = 100 * day;
  store.commit({ ...nothing, arrivals: [arrival(now - 20 * day), arrival(now)] });
  store.prune(now);
  expect(store.arrivals().map(({ time }) => time)).toEqual([now]);
  expect(store.arrivalsSince()).toBeUndefined();
  const many = Array.from({ length: maxArrivals }, (_, n) => arrival(now + n));
  store.commit({ ...nothing, arrivals: many });
  expect(store.arrivals()).toHaveLength(maxArrivals);
  expect(store.arrivalsSince()).toBe(now);
});

/** How long what was displaced stays with its replica. */
import { expect, test } from 'vitest';
import type { Replica } from '../replica/replica.ts';
import { Releases } from './releases.ts';

const [one, two] = [{}, {}] as [Replica, Replica];
const items = (taken: ReadonlyMap<Replica, readonly string[]>) => [...taken.values()].flat();

test('each file stays half a minute, whenever the others came', () => {
  const releases = new Releases<string>();
  releases.add(one, 'first', 1, 0);
  releases.add(one, 'later', 1, 29_999);
  releases.add(two, 'elsewhere', 1, 10_000);
  expect(releases.next(1_000)).toBe(29_000);
  expect(items(releases.takeDue(29_999))).toEqual([]);
  expect(items(releases.takeDue(30_000))).toEqual(['first']);
  expect(releases.next(30_000)).toBe(10_000);
  expect(items(releases.takeDue(59_998))).toEqual(['elsewhere']);
  expect(items(releases.takeDue(59_999))).toEqual(['later']);
  expect([releases.isEmpty, releases.next(60_000)]).toEqual([true, undefined]);
});

test('where many wait, or large ones, two seconds', () => {
  const large = new Releases<string>();
  large.add(one, 'large', 300 * 1024 ** 2, 0);
  large.add(one, 'new', 1, 1_000);
  expect(large.next(0)).toBe(2_000);
  expect(items(large.takeDue(2_000))).toEqual(['large']);
  // The rest is little again.
  expect(large.next(2_000)).toBe(29_000);
  const many = new Releases<number>();
  for (let at = 0; at <= 20_000; at += 1) many.add(one, at, 1, 0);
  expect(many.next(0)).toBe(2_000);
});

test('what a lost replica kept is not waited for', () => {
  const releases = new Releases<string>();
  releases.add(one, 'lost', 300 * 1024 ** 2, 0);
  releases.add(two, 'stays', 1, 0);
  releases.drop(one);
  expect(releases.next(0)).toBe(30_000);
  expect(items(releases.takeAll())).toEqual(['stays']);
});

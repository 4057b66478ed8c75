import { expect, test } from 'vitest';
import type { FileEntry } from '../tree/entry.ts';
import { type LargeStep, planShipments } from './shipments.ts';

const mib = 1024 * 1024;
let paths = 0;

function file(size: number): FileEntry {
  return { kind: 'file', digest: '', size, executable: false, mode: 0o644, mtime: 0 };
}

function step(size: number, before?: number): LargeStep {
  paths += 1;
  const expect = before === undefined ? null : file(before);
  return { ready: false, path: `p${paths}`, seen: null, entry: file(size), expect };
}

const ways = { rsync: true, slow: false };

test('without rsync everything is a stream of its own', () => {
  const steps = [step(100 * mib, 100 * mib), step(mib)];
  expect(planShipments(steps, { ...ways, rsync: false })).toEqual(
    steps.map((one) => ({ by: 'plain', step: one })),
  );
});

test('what changed in a large file goes by rsync, what is new or small as a stream', () => {
  const changed = step(100 * mib, 99 * mib);
  const fresh = step(100 * mib);
  const replaced = step(100 * mib, 10);
  const small = step(mib, mib);
  const steps = [fresh, changed, replaced, small];
  expect(planShipments(steps, ways)).toEqual([
    { by: 'rsync', delta: true, steps: [changed] },
    ...[fresh, replaced, small].map((one) => ({ by: 'plain', step: one })),
  ]);
  expect(planShipments([small], { ...ways, slow: true })).toMatchObject([{ by: 'rsync' }]);
});

test('many at once go by rsync, in groups whose sum is bounded', () => {
  const steps = Array.from({ length: 1000 }, () => step(mib));
  const shipments = planShipments(steps, ways);
  expect(shipments.flatMap((one) => (one.by === 'rsync' ? one.steps : []))).toEqual(steps);
  for (const one of shipments) {
    expect(one).toMatchObject({ by: 'rsync', delta: false });
    if (one.by === 'rsync') expect(one.steps.length).toBeLessThanOrEqual(256);
  }
  const large = Array.from({ length: 20 }, () => step(256 * mib, 256 * mib));
  expect(planShipments(large, ways)).toHaveLength(20);
});

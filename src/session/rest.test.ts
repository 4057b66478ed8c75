/**
 * After the last edit a session comes to rest by itself, without a flush, also on disks that
 * are slow or failed: both sides are the same, what gave way is in the history, the base is what stands there.
 * `CAI_TEST_SEED` repeats a history, `CAI_TEST_ROUNDS` makes them more.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/support/random.ts';
import { portable, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { openStore } from '../store/open.ts';
import { failingDisk, slowDisk } from './disks.fixture.ts';
import { standInForSsh } from './ssh.fixture.ts';
import { type Pair, startPair } from './testing.ts';
import { contentsBelow, contentsInHistory, lostOf, runWriter } from './writers.fixture.ts';

const rounds = Number(process.env.CAI_TEST_ROUNDS ?? 1);
/** `PATH: CONTENT`, of what is in the base. */
function baseOf({ state }: Pair): string[] {
  const reader = openStore({
    directory: state,
    limits: { maxAge: 0, maxBytes: 0 },
    readOnly: true,
  });
  try {
    return [...reader.loadBase()]
      .filter(([path]) => path !== '')
      .map(([path, entry]) => {
        if (entry.kind === 'file') return `${path}: ${entry.digest}`;
        return `${path}: ${entry.kind === 'link' ? entry.target : entry.kind}`;
      })
      .sort();
  } finally {
    reader.close();
  }
}

function treeOf(directory: string): string[] {
  return snapshot(directory)
    .map((row) => {
      if (row.type === 'directory') return `${row.path}: directory`;
      if (row.type === 'link') return `${row.path}: ${row.target}`;
      const bytes = readFileSync(join(directory, row.path));
      return `${row.path}: ${createHash('sha256').update(bytes).digest('hex')}`;
    })
    .sort();
}

describe.each([
  { name: 'on a slow disk, between two directories', diskOf: slowDisk },
  { name: 'on a slow disk, through an agent', diskOf: slowDisk, far: true },
  { name: 'on a slow disk, over a link that breaks', diskOf: slowDisk, far: true, cutEvery: 700 },
  { name: 'on a disk that failed now and then', diskOf: failingDisk },
])('$name', ({ diskOf, far, cutEvery }) => {
  it.each(Array.from({ length: rounds }, (_, n) => n))(
    'round %i',
    { timeout: 120_000 },
    async (round) => {
      const chance = random(
        process.env.CAI_TEST_SEED === undefined
          ? undefined
          : Number(process.env.CAI_TEST_SEED) + round,
      );
      const { seed } = chance;
      const ssh = standInForSsh();
      const disk = diskOf(chance);
      const pair = await startPair({
        options: { conflicts: 'newest', holds: { files: 1e9, share: 1 }, ssh: ssh.command },
        fs: { local: disk.fs, container: disk.fs },
        store: disk.store,
        ...(far === true ? { far: 'ssh://box' } : {}),
      });
      disk.spoil();
      const cut = cutEvery === undefined ? undefined : setInterval(ssh.cut, cutEvery);
      const both = { operations: 200, restUs: 20_000, names: ['a', 'b', 'c'] };
      const writers = [pair.local, pair.container].map((root, side) =>
        runWriter({ ...both, root, first: ['a', 'b'], name: `${side}`, seed: seed + side }),
      );
      const logs = await Promise.all(writers).finally(() => {
        clearInterval(cut);
        disk.heal();
      });
      const tell = `seed ${seed}`;
      await waitFor(
        async () => {
          const { pending, problems, holds, state } = pair.session.status();
          // One side may have been empty for a moment: that waits for a person, as it should.
          if (holds.length > 0) await pair.session.approve();
          expect({ pending, problems, state }, tell).toEqual({
            pending: 0,
            problems: [],
            state: 'watching',
          });
          const wanted = portable(snapshot(pair.local));
          expect(portable(snapshot(pair.container), wanted), tell).toEqual(wanted);
          expect(baseOf(pair), tell).toEqual(treeOf(pair.local));
          const found = new Set<string>();
          contentsBelow(pair.local, found);
          contentsInHistory(pair.store, found);
          expect(lostOf(logs, found), tell).toEqual([]);
          return true;
        },
        { deadline: 60_000, every: 100, what: `rest (${tell})` },
      );
    },
  );
});

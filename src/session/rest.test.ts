/**
 * After the last edit a session comes to rest by itself, without a flush, also on slow disks: both sides
 * are the same, what gave way is in the history, the base is what stands there.
 * `CAI_TEST_SEED` repeats a history, `CAI_TEST_ROUNDS` makes them more.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Random, random } from '../../test/support/random.ts';
import { portable, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { type FsPort, realFs } from '../replica/fs-port.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { standInForSsh } from './ssh.fixture.ts';
import { type Pair, startPair } from './testing.ts';
import { contentsBelow, contentsInHistory, lostOf, runWriter } from './writers.fixture.ts';

const rounds = Number(process.env.CAI_TEST_ROUNDS ?? 1);
/** Milliseconds that a slow disk takes now and then. */
const slowMs = 900;

/** Some calls take long, most are only late by a little. */
function delay({ next }: Random): Promise<void> {
  const ms = next() < 0.15 ? next() * slowMs : next() * 3;
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What waits for a disk waits longer. */
function slowFs(chance: Random): FsPort {
  const slow = (['fsync', 'read', 'write', 'copyFile'] as const).map((name) => {
    const real = realFs[name] as (...args: unknown[]) => void;
    const late = (...args: unknown[]): void => void delay(chance).then(() => real(...args));
    return [name, late] as const;
  });
  return { ...realFs, ...Object.fromEntries(slow) };
}

function slowStore(chance: Random): (real: Store) => Store {
  const late =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await delay(chance);
      return call(...args);
    };
  return (real) => {
    const { makeDurable, putStream, putFile } = real.contents;
    const contents = {
      ...real.contents,
      makeDurable: late(makeDurable),
      putStream: late(putStream),
      putFile: late(putFile),
    };
    return new Proxy(real, {
      get: (target, name) => (name === 'contents' ? contents : Reflect.get(target, name)),
    });
  };
}

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
  { name: 'between two directories' },
  { name: 'through an agent', far: true },
  { name: 'through an agent whose link breaks', far: true, cutEvery: 700 },
])('on a slow disk, $name', ({ far, cutEvery }) => {
  it.each(Array.from({ length: rounds }, (_, n) => n))(
    'round %i',
    { timeout: 90_000 },
    async (round) => {
      const chance = random(
        process.env.CAI_TEST_SEED === undefined
          ? undefined
          : Number(process.env.CAI_TEST_SEED) + round,
      );
      const { seed } = chance;
      const ssh = standInForSsh();
      const fs = slowFs(chance);
      const pair = await startPair({
        options: { conflicts: 'newest', holds: { files: 1e9, share: 1 }, ssh: ssh.command },
        fs: { local: fs, container: fs },
        store: slowStore(chance),
        ...(far === true ? { far: 'ssh://box' } : {}),
      });
      const cut = cutEvery === undefined ? undefined : setInterval(ssh.cut, cutEvery);
      const both = { operations: 200, restUs: 20_000, names: ['a', 'b', 'c'] };
      const writers = [pair.local, pair.container].map((root, side) =>
        runWriter({ ...both, root, first: ['a', 'b'], name: `${side}`, seed: seed + side }),
      );
      const logs = await Promise.all(writers).finally(() => clearInterval(cut));
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
        { deadline: 40_000, every: 100, what: `rest (${tell})` },
      );
    },
  );
});

/**
 * Random two-sided histories through the real loop, checked by an oracle of tokens: whatever was the
 * whole content of a path is in the tree, in the history, or was replaced by a writer of the same side
 * (DESIGN 10, invariant 1). `CAI_TEST_SEED` repeats one.
 */
import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/support/random.ts';
import { startPair } from './testing.ts';
import { contentsBelow, contentsInHistory, lostOf, runWriter } from './writers.fixture.ts';

describe('random histories', () => {
  const rounds = Number(process.env.CAI_TEST_ROUNDS ?? 3);
  // What goes wrong at the end of a history is healed by what comes after it: many short ones find more.
  const all = Array.from({ length: rounds }, (_, round) => [
    { round, part: 1, operations: 600 },
    ...[2, 3, 4, 5].map((part) => ({ round, part, operations: 40 })),
  ]).flat();
  for (const { round, part, operations } of all) {
    const name = `lose nothing, round ${round + 1}.${part}, ${operations} steps`;
    it(name, { timeout: 60_000 }, async () => {
      const { seed } = random(
        process.env.CAI_TEST_SEED === undefined
          ? undefined
          : Number(process.env.CAI_TEST_SEED) + round,
      );
      const pair = await startPair({
        options: { conflicts: 'newest', holds: { files: 1e9, share: 1 } },
      });
      await pair.session.flush({ timeoutMs: 10_000 });
      const both = { operations, restUs: 1500, names: ['a', 'b', 'c'] };
      const logs = await Promise.all(
        [pair.local, pair.container].flatMap((root, side) =>
          [
            ['a', 'b'],
            ['c', 'd', 'e'],
          ].map((first, index) =>
            runWriter({
              ...both,
              root,
              first,
              name: `${side}.${index}`,
              seed: seed + side * 2 + index,
            }),
          ),
        ),
      );
      const withSeed = (error: unknown): never => {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      };
      await pair.session.flush({ timeoutMs: 20_000 }).catch(withSeed);
      // One side may have been empty for a moment: that waits for a person, as it should.
      if (pair.session.status().holds.length > 0) await pair.session.approve();
      await pair.same().catch(withSeed);
      await pair.stop();
      const found = new Set<string>();
      contentsBelow(pair.local, found);
      const reopened = await startPair({ again: pair });
      contentsInHistory(reopened.store, found);
      expect(lostOf(logs, found), `seed ${seed}`).toEqual([]);
      expect(fs.readdirSync(pair.local).filter((name) => name.startsWith('.cai-stage'))).toEqual(
        [],
      );
    });
  }
});

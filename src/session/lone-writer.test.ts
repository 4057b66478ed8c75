/**
 * One side alone writes, whatever it likes, at any moment of the way over: its tree is never touched,
 * nothing of it is displaced, there is no conflict, and the other side becomes the same.
 * `CAI_TEST_SEED` repeats a history, `CAI_TEST_ROUNDS` makes them more.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/support/random.ts';
import { snapshot } from '../../test/support/tree.ts';
import { runLoneWriter } from './lone-writer.fixture.ts';
import { standInForSsh } from './ssh.fixture.ts';
import { startPair } from './testing.ts';

const rounds = Number(process.env.CAI_TEST_ROUNDS ?? 2);

function standsBelow(directory: string): Record<string, string> {
  return Object.fromEntries(
    snapshot(directory).map((row) => {
      if (row.type === 'directory') return [row.path, 'directory'];
      if (row.type === 'link') return [row.path, `link ${row.target}`];
      const text = readFileSync(join(directory, row.path), 'utf8');
      return [row.path, `${row.executable ? 'x' : '-'} ${text}`];
    }),
  );
}

/** Paths where the two differ, with what stands there. */
function differences(is: Record<string, string>, wanted: Record<string, string>): string[] {
  const short = (text: string | undefined) => text?.slice(0, 30) ?? 'nothing';
  return [...new Set([...Object.keys(is), ...Object.keys(wanted)])]
    .filter((path) => is[path] !== wanted[path])
    .map((path) => `${path}: ${short(is[path])}, not ${short(wanted[path])}`);
}

interface Way {
  readonly name: string;
  readonly far: boolean;
  /** Milliseconds between two breaks of the link. */
  readonly cutEvery?: number;
}

const ways: readonly Way[] = [
  { name: 'between two directories', far: false },
  { name: 'through an agent', far: true },
  { name: 'through an agent whose link breaks all the time', far: true, cutEvery: 250 },
];

describe.each(ways)('a writer that is alone, $name', ({ far, cutEvery }) => {
  const all = Array.from({ length: rounds }, (_, round) =>
    (['local', 'container'] as const).map((side) => ({ round: round + 1, side })),
  ).flat();
  it.each(all)('round $round, on the side $side', { timeout: 60_000 }, async ({ round, side }) => {
    const { seed } = random(
      process.env.CAI_TEST_SEED === undefined
        ? undefined
        : Number(process.env.CAI_TEST_SEED) + round - 1,
    );
    const ssh = standInForSsh();
    const pair = await startPair({
      options: { holds: { files: 1e9, share: 1 }, ssh: ssh.command },
      ...(far ? { far: 'ssh://box' } : {}),
    });
    await pair.same();
    const root = pair[side];
    const cut = cutEvery === undefined ? undefined : setInterval(ssh.cut, cutEvery);
    const log = await runLoneWriter({ root, seed, operations: 400, rest: 14 }).finally(() =>
      clearInterval(cut),
    );
    const tell = `seed ${seed}\n${log.last.join('\n')}`;
    expect(log.error, tell).toBeUndefined();
    await pair.session.flush({ timeoutMs: 20_000 });
    // All that both sides knew may have gone at once: that waits for a person, as it should.
    if (pair.session.status().holds.length > 0) await pair.session.approve();
    await pair.same().catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tell}`);
    });
    expect(differences(standsBelow(root), log.stands), tell).toEqual([]);
    expect(pair.store.conflicts(), tell).toEqual([]);
    expect(pair.session.status().problems, tell).toEqual([]);
    const rows = pair.store.history().filter((version) => version.side === side);
    expect(rows, tell).toEqual([]);
  });
});

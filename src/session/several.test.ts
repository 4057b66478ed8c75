/** Several containers with one local directory, in one process: they share its replica. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { random } from '../../test/support/random.ts';
import { portable, snapshot, temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { SessionOptions } from '../control/api.ts';
import { type Pair, startPair } from './testing.ts';
import { contentsBelow, contentsInHistory, lostOf, runWriter } from './writers.fixture.ts';

type Directories = Pick<Pair, 'local' | 'container' | 'state'>;

interface Several {
  readonly local: string;
  readonly pairs: Pair[];
  /** One more container. */
  add(): Promise<Pair>;
  /** A session of directories that are there. */
  start(again: Directories, options?: Partial<SessionOptions>): Promise<Pair>;
  /** All sessions have carried everything over, and all trees are the same. */
  same(): Promise<void>;
}

async function several(count: number, options: Partial<SessionOptions> = {}): Promise<Several> {
  const top = temporaryDirectory();
  const local = join(top, 'local');
  mkdirSync(local);
  const pairs: Pair[] = [];
  const start: Several['start'] = (again, chosen = options) =>
    startPair({ again, options: chosen });
  const add: Several['add'] = async () => {
    const container = join(top, `container-${pairs.length}`);
    mkdirSync(container);
    const again = { local, container, state: join(top, `state-${pairs.length}`) };
    const pair = await start(again);
    pairs.push(pair);
    return pair;
  };
  for (let n = 0; n < count; n += 1) await add();
  const same = async () => {
    // What one brings over is a local change to the others.
    for (let round = 0; round < 3; round += 1)
      for (const { session } of pairs) await session.flush({ timeoutMs: 20_000 });
    const wanted = portable(snapshot(local));
    for (const { container } of pairs)
      expect(portable(snapshot(container), wanted)).toEqual(wanted);
  };
  return { local, pairs, add, start, same };
}

test('an edit anywhere reaches all the others, and one that joins later', async () => {
  const { local, pairs, add, same } = await several(3);
  writeFileSync(join(local, 'near'), 'n');
  mkdirSync(join((pairs[1] as Pair).container, 'dir'));
  writeFileSync(join((pairs[1] as Pair).container, 'dir/far'), 'f');
  await same();
  expect(readdirSync(join((pairs[2] as Pair).container, 'dir'))).toEqual(['far']);
  const late = await add();
  await same();
  writeFileSync(join(late.container, 'dir/far'), 'edited');
  rmSync(join((pairs[0] as Pair).container, 'near'));
  await same();
  expect(readFileSync(join(local, 'dir/far'), 'utf8')).toBe('edited');
});

test('ignore files that come from one container hold for all', async () => {
  const { local, pairs, same } = await several(3);
  const far = (pairs[0] as Pair).container;
  writeFileSync(join(local, 'a.log'), '1');
  await same();
  writeFileSync(join(far, '.gitignore'), '*.log\n');
  for (const { session } of pairs) await session.flush({ timeoutMs: 20_000 });
  for (const { session } of pairs) await session.flush({ timeoutMs: 20_000 });
  writeFileSync(join(local, 'b.log'), '2');
  for (const { session } of pairs) await session.flush({ timeoutMs: 20_000 });
  for (const { container } of pairs) expect(readdirSync(container)).not.toContain('b.log');
  rmSync(join((pairs[2] as Pair).container, '.gitignore'));
  await same();
  expect(readdirSync(far)).toContain('b.log');
});

test('a session that ends, or fails, leaves the others alone', async () => {
  const { local, pairs, same } = await several(3);
  writeFileSync(join(local, 'x'), '1');
  await same();
  const [first] = pairs.splice(0, 1);
  await first?.stop();
  const [broken] = pairs.splice(0, 1);
  rmSync(broken?.container as string, { recursive: true });
  writeFileSync(join(local, 'x'), '2');
  await same();
  await broken?.stop();
  writeFileSync(join(local, 'x'), '3');
  await same();
  await pairs[0]?.stop();
  expect(readdirSync(local)).toEqual(['x']);
});

test('the local directory is replaced under all of them: they merge, and go on together', async () => {
  const { local, pairs, same } = await several(2);
  writeFileSync(join(local, 'x'), '1');
  await same();
  renameSync(local, `${local}-old`);
  mkdirSync(local);
  writeFileSync(join(local, 'y'), '2');
  await waitFor(() => pairs.every(({ container }) => readdirSync(container).includes('y')));
  await same();
  expect(
    readdirSync(local)
      .filter((name) => !name.startsWith('.cai-'))
      .sort(),
  ).toEqual(['x', 'y']);
});

test('random writers in all directories: all become the same, and nothing is lost', {
  timeout: 60_000,
}, async () => {
  const { seed } = random();
  const options = { conflicts: 'newest', holds: { files: 1e9, share: 1 } } as const;
  const { local, pairs, same, start } = await several(3, options);
  const roots = [local, ...pairs.map(({ container }) => container)];
  const logs = await Promise.all(
    roots.flatMap((root, side) =>
      [
        ['a', 'b'],
        ['c', 'd'],
      ].map((first, index) =>
        runWriter({
          operations: 250,
          restUs: 2500,
          names: ['a', 'b', 'c'],
          root,
          first,
          name: `${side}.${index}`,
          seed: seed + side * 2 + index,
        }),
      ),
    ),
  );
  await same().catch((error: Error) => {
    throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
  });
  for (const pair of pairs) await pair.stop();
  const found = new Set<string>();
  contentsBelow(local, found);
  for (const pair of pairs) contentsInHistory((await start(pair, options)).store, found);
  expect(lostOf(logs, found), `seed ${seed}`).toEqual([]);
});

/**
 * Random edits on both sides with manual local changes, and syncs of a part or of all at any time: in the
 * end both sides are the same, and what somebody wrote is in the tree, in the history, or was replaced on
 * the side where it stood (invariant 1). `CAI_TEST_SEED` repeats one.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { random } from '../../test/support/random.ts';
import { type Pair, startPair } from './testing.ts';

const paths = ['a', 'b', 'd/a', 'd/b', 'd/e/a', 'f/a'];
const steps = 80;
const limits = { timeoutMs: 20_000 };

function read(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function contentsBelow(directory: string, found: Set<string>): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) contentsBelow(path, found);
    else if (entry.isFile()) found.add(fs.readFileSync(path, 'utf8'));
  }
}

/** One edit of a side; what it replaced or removed on that disk, and what it wrote. */
function edit(root: string, rng: ReturnType<typeof random>, token: string) {
  const path = rng.pick(paths);
  const full = join(root, path);
  const gone = new Set<string>();
  const kind = rng.next();
  try {
    if (kind < 0.15) {
      const directory = join(root, path.split('/')[0] as string);
      if (fs.statSync(directory).isDirectory()) contentsBelow(directory, gone);
      else gone.add(fs.readFileSync(directory, 'utf8'));
      fs.rmSync(directory, { recursive: true });
      return { gone };
    }
    fs.mkdirSync(join(full, '..'), { recursive: true });
    // Renamed into place as editors do it: nobody sees half of it, and what stood there is known.
    const draft = join(root, '..', `draft-${token}`);
    fs.writeFileSync(draft, token);
    const before = read(full);
    fs.renameSync(draft, full);
    if (before !== undefined) gone.add(before);
    return { gone, wrote: token };
  } catch {
    // Sync, or an earlier edit, made something else of the path.
    return { gone };
  }
}

async function partOf(pair: Pair, rng: ReturnType<typeof random>): Promise<void> {
  const selection = rng.next() < 0.5 ? { paths: [rng.pick(paths)] } : { exclude: ['e', 'b'] };
  await pair.session
    .sync({ to: 'container', ...selection, ...limits })
    .catch((error: { code?: string }) => expect(error.code).toBe('USAGE'));
}

const rounds = Number(process.env.CAI_TEST_ROUNDS ?? 2);
const numbers = Array.from({ length: rounds }, (_, at) => at);
it.each(numbers)('nothing is lost, round %d', { timeout: 60_000 }, async (round) => {
  const given = process.env.CAI_TEST_SEED;
  const rng = random(given === undefined ? undefined : Number(given) + round);
  const pair = await startPair({ options: { localChanges: 'manual' } });
  await pair.session.flush(limits);
  const written = new Set<string>();
  const replaced = new Set<string>();
  for (let n = 0; n < steps; n += 1) {
    const root = rng.next() < 0.5 ? pair.local : pair.container;
    const { gone, wrote } = edit(root, rng, `${n} in ${root === pair.local ? 'L' : 'C'}`);
    for (const text of gone) replaced.add(text);
    if (wrote !== undefined) written.add(wrote);
    if (rng.next() < 0.3) await rest(rng.below(15));
    if (rng.next() < 0.1) await partOf(pair, rng);
  }
  await pair.session.sync({ to: 'container', ...limits });
  await pair.session.sync({ to: 'container', ...limits });
  expect(pair.session.status().waiting, `seed ${rng.seed}`).toBe(0);
  await pair.same();
  const found = new Set<string>();
  contentsBelow(pair.local, found);
  for (const { entry } of pair.store.history()) {
    const bytes = entry.kind === 'file' ? pair.store.contents.read(entry.digest) : undefined;
    if (bytes !== undefined) found.add(Buffer.from(bytes).toString());
  }
  const lost = [...written].filter((text) => !found.has(text) && !replaced.has(text));
  expect(lost, `seed ${rng.seed}`).toEqual([]);
});

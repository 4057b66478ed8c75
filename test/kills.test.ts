/**
 * The session's own process is killed (SIGKILL) at random moments while writers work on both sides, and
 * started again: both sides become the same, and no token is lost (the oracle of histories.test.ts).
 * `CAI_TEST_SEED` repeats one as far as real processes allow; `CAI_TEST_KILLS` asks for more than a few.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { SessionStatus } from '../src/control/api.ts';
import { openStore } from '../src/store/open.ts';
import { type Cai, newCai } from './support/cai.ts';
import { random } from './support/random.ts';
import { endSessionsOf } from './support/session.ts';
import { makeTree, portable, snapshot, temporaryDirectory } from './support/tree.ts';
import type { WriterLog, WriterOptions } from './support/writer.ts';
import { writerThread } from './support/writer.ts';

const kills = Number(process.env.CAI_TEST_KILLS ?? 4);

function startWriter(options: WriterOptions): Promise<WriterLog> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(writerThread(), { eval: true, workerData: options });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Two on each side, which meet those of the other side, for about as long as the kills take. */
function startWriters(roots: readonly string[], seed: number): Promise<readonly WriterLog[]> {
  const both = { operations: 500 * kills, restUs: 5_000, names: ['a', 'b', 'c'] };
  return Promise.all(
    roots.flatMap((root, side) =>
      [
        ['a', 'b'],
        ['c', 'd', 'e'],
      ].map((first, index) =>
        startWriter({
          ...both,
          root,
          first,
          name: `${side}.${index}`,
          seed: seed + side * 2 + index,
        }),
      ),
    ),
  );
}

/** Contents of all files below a directory and in the history. */
function everything(cai: Cai, id: string, local: string): Set<string> {
  const found = new Set<string>();
  for (const row of snapshot(local))
    if (row.type === 'file') found.add(fs.readFileSync(join(local, row.path), 'latin1'));
  const directory = join(cai.stateDirectory, 'sessions', id);
  const limits = { maxAge: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
  const store = openStore({ directory, limits, readOnly: true });
  for (const { entry } of store.history()) {
    const bytes = entry.kind === 'file' ? store.contents.read(entry.digest) : undefined;
    if (bytes !== undefined) found.add(Buffer.from(bytes).toString('latin1'));
  }
  store.close();
  return found;
}

test('a session that is killed again and again loses nothing', {
  timeout: 60_000 + kills * 10_000,
}, async () => {
  const { seed, next } = random();
  const cai = newCai();
  endSessionsOf(cai);
  const [local, container] = [temporaryDirectory(), temporaryDirectory()];
  // Never touched, so that the writers cannot empty a root.
  makeTree(local, { 'stays/1': '1', 'stays/2': '2' });
  const watch = () =>
    cai.json<SessionStatus>(['watch', local, container, '-d', '--conflicts', 'newest']);
  let { pid, id } = await watch();
  let writing = true;
  const writers = startWriters([local, container], seed).finally(() => {
    writing = false;
  });
  let killed = 0;
  while (writing && killed < kills) {
    await new Promise((resolve) => setTimeout(resolve, next() * 1_000));
    process.kill(pid as number, 'SIGKILL');
    killed += 1;
    ({ pid, id } = await watch());
  }
  const logs = await writers;
  await cai.json(['flush']);
  const wanted = portable(snapshot(local));
  expect(portable(snapshot(container), wanted), `seed ${seed}`).toEqual(wanted);
  await cai.json(['unwatch', '--all']);
  const found = everything(cai, id, local);
  const excused = new Set(logs.flatMap((log) => log.replaced));
  const written = logs.flatMap((log) => log.written);
  const lost = written.filter((text) => !found.has(text) && !excused.has(text));
  expect(lost, `seed ${seed}, ${killed} kills, ${written.length} writes`).toEqual([]);
  const own = [local, container].flatMap((root) =>
    snapshot(root, { own: true }).filter((row) => row.path.includes('.cai-')),
  );
  expect(
    own.filter((row) => !row.path.includes('.cai-writer-')),
    `seed ${seed}`,
  ).toEqual([]);
});

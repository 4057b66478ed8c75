/**
 * Two writers at the lines of the same files, through the real loop with three-way merges: every line
 * that somebody wrote is in the files, in the history, or was replaced by a writer of the same side
 * (invariant 1), and no file ever holds a conflict mark. `CAI_TEST_SEED` repeats one.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { random } from '../../test/support/random.ts';
import { makeTree } from '../../test/support/tree.ts';
import { startPair } from './testing.ts';

const files = ['a.txt', 'b.txt'];
const linesEach = 40;
const edits = 60;

interface Writer {
  readonly root: string;
  readonly name: string;
  readonly rng: ReturnType<typeof random>;
  readonly written: string[];
  readonly replaced: Set<string>;
}

async function write({ root, name, rng, written, replaced }: Writer): Promise<void> {
  for (let count = 0; count < edits; count++) {
    const path = join(root, rng.pick(files));
    const lines = fs.readFileSync(path, 'utf8').split('\n');
    // Mostly in a part of the file of its own, so that most merges are clean.
    const part = rng.next() < 0.85 ? (name === 'L' ? 0 : linesEach / 2) : linesEach / 4;
    const at = Math.min(part + rng.below(linesEach / 2), lines.length - 1);
    const token = `${name}${count}`;
    replaced.add(lines[at] as string);
    lines[at] = token;
    written.push(token);
    // Time for sync to put another version there, so that some writes are stale.
    if (rng.next() < 0.2) await rest(rng.below(8));
    if (rng.next() < 0.5) fs.writeFileSync(path, lines.join('\n'));
    else {
      const made = join(root, '..', `new-${name}`);
      fs.writeFileSync(made, lines.join('\n'));
      fs.renameSync(made, path);
    }
    await rest(rng.below(12));
  }
}

const rounds = Number(process.env.CAI_TEST_ROUNDS ?? 2);
for (let round = 0; round < rounds; round++) {
  it(`no line is lost, round ${round + 1}`, { timeout: 60_000 }, async () => {
    const given = process.env.CAI_TEST_SEED;
    const { seed } = random(given === undefined ? undefined : Number(given) + round);
    const text = Array.from({ length: linesEach }, (_, n) => `base ${n}`).join('\n');
    const pair = await startPair({
      fill: (local) => makeTree(local, Object.fromEntries(files.map((name) => [name, text]))),
    });
    await pair.same();
    const writers = [pair.local, pair.container].map(
      (root, side): Writer => ({
        root,
        name: side === 0 ? 'L' : 'C',
        rng: random(seed + side),
        written: [],
        replaced: new Set(),
      }),
    );
    await Promise.all(writers.map(write));
    await pair.same();
    const found = new Set<string>();
    const note = (content: string) => {
      expect(content, `seed ${seed}`).not.toMatch(/^(<<<<<<<|>>>>>>>|=======)/m);
      for (const line of content.split('\n')) found.add(line);
    };
    for (const name of files) note(fs.readFileSync(join(pair.local, name), 'utf8'));
    for (const { entry } of pair.store.history()) {
      const bytes = entry.kind === 'file' ? pair.store.contents.read(entry.digest) : undefined;
      if (bytes !== undefined) note(Buffer.from(bytes).toString());
    }
    const lost = writers.flatMap(({ written, replaced }) =>
      written.filter((token) => !found.has(token) && !replaced.has(token)),
    );
    expect(lost, `seed ${seed}`).toEqual([]);
    const settled = pair.session.status().conflicts.map((conflict) => conflict.settled);
    expect(settled, `seed ${seed}`).toContain('merged');
    // What a conflict says gave way can be looked at.
    for (const { versions } of pair.session.status().conflicts)
      for (const id of [...versions.local, ...versions.container])
        expect(pair.store.version(id)?.kept).toBe(true);
  });
}

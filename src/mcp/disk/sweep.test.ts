/** What is cleared up after servers: what the dead left, nothing of the living, nothing that nobody else has. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../../test/support/tree.ts';
import { ownerFile, thisOwner } from '../../replica/area-owner.ts';
import { withSpot } from './descend.ts';
import { createDrafts, noteFile } from './drafts.ts';
import { sweepDrafts } from './sweep.ts';

/** Begins to write files, and leaves all of their names where they are. */
async function begin(...paths: readonly string[]) {
  const root = temporaryDirectory();
  makeTree(root, Object.fromEntries(paths.map((path) => [path, 'old'])));
  const drafts = createDrafts(root);
  onTestFinished(drafts.close);
  const made: string[] = [];
  for (const path of paths)
    await withSpot({ root, path }, (spot) => {
      const { draft, keep } = drafts.begin(spot, spot.stat);
      writeFileSync(draft, 'new');
      writeFileSync(keep, 'written to just then');
    });
  const note = join(root, readdirSync(root).find((name) => name.length === 21) as string);
  const own = (directory = '') =>
    readdirSync(join(root, directory)).filter((name) => /^\.cai-mcp-.{16}$/.test(name));
  /** As if another process had begun it, which is dead. */
  const die = () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(note, ownerFile), JSON.stringify({ ...thisOwner(), pid, started: '1' }));
  };
  return { root, note, own, die, made };
}

test('a living server keeps its drafts', async () => {
  const { root, own, note } = await begin('f', 'd/g');
  expect(await sweepDrafts(root)).toEqual([]);
  expect([own().length, own('d').length, existsSync(note)]).toEqual([2, 2, true]);
});

test('of a dead one they go, but not an old file that was written to when it was replaced', async () => {
  const { root, own, note, die } = await begin('f', 'd/g');
  die();
  const left = await sweepDrafts(root);
  expect(left).toHaveLength(2);
  expect([own().length, own('d').length, existsSync(note)]).toEqual([1, 1, true]);
});

test('a note names nothing outside of the root, and nothing but drafts', async () => {
  const { root, note, die } = await begin('f');
  const outside = temporaryDirectory();
  const name = `.cai-mcp-${'0'.repeat(16)}`;
  makeTree(outside, { [name]: 'mine' });
  symlinkSync(outside, join(root, 'link'));
  for (const line of [
    { directory: 'link', draft: name, keep: name },
    { directory: '../', draft: name, keep: name },
    { directory: '', draft: 'f', keep: name },
    { directory: '', draft: '../x', keep: name },
  ])
    appendFileSync(join(note, noteFile), `${JSON.stringify(line)}\n`);
  appendFileSync(join(note, noteFile), '{"half');
  die();
  await sweepDrafts(root);
  expect([existsSync(join(outside, name)), existsSync(join(root, 'f'))]).toEqual([true, true]);
});

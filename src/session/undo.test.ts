/** Undo and rewind between two real directories: what comes back, what is refused, and that it can be undone. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/support/random.ts';
import { makeTree, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { writerThread } from '../../test/support/writer.ts';
import { faultyFs, stagingFiles } from '../replica/testing.ts';
import type { UndoOptions } from './take-back.ts';
import type { Pair } from './testing.ts';
import { startPair } from './testing.ts';

const read = (...path: string[]) => fs.readFileSync(join(...path), 'utf8');
const names = (dir: string) => snapshot(dir).map((row) => row.path);
const contents = (dir: string) =>
  Object.fromEntries(
    snapshot(dir).map((row) => [row.path, [row.type, row.sha256, row.executable]]),
  );

const undo = (pair: Pair, options: Partial<UndoOptions> = {}) =>
  pair.session.undo({ side: 'container', paths: [], dryRun: false, ...options });

/** Milliseconds pass: what comes is later than what was. */
async function nextMoment(): Promise<number> {
  const now = Date.now();
  await waitFor(() => Date.now() > now + 1);
  return now;
}

async function start(files: Parameters<typeof makeTree>[1]): Promise<Pair> {
  const pair = await startPair({
    options: { holds: { files: 1000, share: 1 } },
    fill: (local) => makeTree(local, files),
  });
  await pair.same();
  return pair;
}

/** What an agent may do to a project. */
function ravage(root: string): void {
  fs.writeFileSync(join(root, 'edited'), 'by the agent');
  fs.rmSync(join(root, 'removed'));
  fs.rmSync(join(root, 'dir'), { recursive: true });
  makeTree(root, { created: 'c', 'new/deep/file': 'n' });
  fs.renameSync(join(root, 'moved'), join(root, 'elsewhere'));
  fs.chmodSync(join(root, 'tool'), 0o755);
  fs.rmSync(join(root, 'kind'));
  makeTree(root, { 'kind/now/dir': 'd' });
  fs.rmSync(join(root, 'folder'), { recursive: true });
  makeTree(root, { folder: 'a file now' });
  fs.rmSync(join(root, 'link'));
  fs.symlinkSync('removed', join(root, 'link'));
}

const project = {
  edited: 'before',
  removed: 'r',
  'dir/a': 'a',
  'dir/sub/b': 'b',
  moved: 'm',
  tool: '#!/bin/sh\n',
  kind: 'a file',
  'folder/x': 'x',
  link: { link: 'edited' },
  big: Buffer.alloc(300_000, 1),
};

describe('undo', () => {
  it('that finds no room leaves nothing behind of what it had made ready', async () => {
    const faulty = faultyFs();
    const large = (first: number) => ({
      one: Buffer.alloc(300_000, first),
      two: Buffer.alloc(300_000, first + 1),
    });
    const pair = await startPair({
      fs: { local: faulty.fs },
      fill: (local) => makeTree(local, large(1)),
    });
    await pair.same();
    makeTree(pair.container, large(3));
    await pair.same();
    let staged = 0;
    faulty.fail = (call, path) => {
      if (call !== 'openSync' || !path.includes('/new-')) return undefined;
      staged += 1;
      return staged > 1 ? 'ENOSPC' : undefined;
    };
    await expect(undo(pair)).rejects.toMatchObject({ code: 'NO_SPACE' });
    faulty.fail = undefined;
    expect(stagingFiles(pair.local).filter((name) => name.startsWith('new-'))).toEqual([]);
    await pair.same();
  });

  it('bears the name of who asked for it, by which it can be undone', async () => {
    const pair = await start({ a: 'before', b: 'b' });
    fs.writeFileSync(join(pair.container, 'a'), 'by the agent');
    await pair.same();
    await undo(pair, { author: 'somebody' });
    await pair.same();
    expect(read(pair.container, 'a')).toBe('before');
    const took = await pair.session.undo({ paths: [], by: 'somebody', dryRun: false });
    expect(took.done).toMatchObject([{ path: 'a', action: 'update' }]);
    await pair.same();
    expect(read(pair.container, 'a')).toBe('by the agent');
  });

  it('takes back everything that the container did, on both sides, and can be undone', async () => {
    const pair = await start(project);
    fs.chmodSync(join(pair.local, 'dir/sub'), 0o750);
    await pair.same();
    const [before, since] = [contents(pair.local), await nextMoment()];
    ravage(pair.container);
    fs.writeFileSync(join(pair.container, 'big'), Buffer.alloc(200_000, 2));
    await pair.same();
    const after = contents(pair.local);
    const result = await undo(pair, { since });
    expect(result.refused).toEqual([]);
    expect(contents(pair.local)).toEqual(before);
    await pair.same();
    const kept = pair.store.history({ path: 'created' });
    expect(kept.map(({ side, reason }) => `${side} ${reason}`)).toContain('local restored');
    const again = await undo(pair);
    expect(again.refused).toEqual([]);
    await pair.same();
    expect(contents(pair.local)).toEqual(after);
    expect(contents(pair.container)).toEqual(after);
  });

  it('brings back a content that only a path has which is taken back too', async () => {
    const pair = await start({ a: 'one', b: 'two' });
    const since = await nextMoment();
    // Moved by hand, so that no version of it is kept: it is in the tree all the time.
    fs.renameSync(join(pair.container, 'b'), join(pair.container, 'a'));
    await pair.same();
    const { refused } = await undo(pair, { since });
    expect(refused).toEqual([]);
    expect([read(pair.local, 'a'), read(pair.local, 'b')]).toEqual(['one', 'two']);
    await pair.same();
  });

  it('brings directories back with their modes', async () => {
    const pair = await start({ 'd/e/f': 'f', stays: 's' });
    fs.chmodSync(join(pair.local, 'd'), 0o711);
    fs.chmodSync(join(pair.local, 'd/e/f'), 0o600);
    const second = await restarted(pair);
    fs.rmSync(join(second.container, 'd'), { recursive: true });
    await second.same();
    await undo(second);
    expect(fs.statSync(join(second.local, 'd')).mode & 0o777).toBe(0o711);
    expect(fs.statSync(join(second.local, 'd/e/f')).mode & 0o777).toBe(0o600);
    await second.same();
  });

  it('refuses what was edited since, path by path, and says so', async () => {
    const pair = await start({ mine: '1', theirs: '1', between: '1', free: '1', 'd/x': 'x' });
    const since = await nextMoment();
    for (const name of ['mine', 'theirs', 'between', 'free'])
      fs.writeFileSync(join(pair.container, name), 'container');
    makeTree(pair.container, { 'made/by': 'container' });
    await pair.same();
    fs.writeFileSync(join(pair.local, 'mine'), 'local, later');
    fs.writeFileSync(join(pair.local, 'between'), 'local, in between');
    makeTree(pair.local, { 'made/mine': 'm' });
    await pair.same();
    fs.writeFileSync(join(pair.container, 'between'), 'container again');
    await pair.same();
    const result = await undo(pair, { since });
    expect(result.done.map(({ path }) => path)).toEqual(['free', 'made/by', 'theirs']);
    expect(result.refused.map(({ path, reason }) => `${path} ${reason}`)).toEqual([
      'between edited',
      'made not-empty',
      'mine edited',
    ]);
    await pair.same();
    expect(read(pair.container, 'mine')).toBe('local, later');
    expect(read(pair.container, 'free')).toBe('1');
    expect(names(pair.local)).toContain('made/mine');
  });

  it('only tells what it would do with --dry-run', async () => {
    const pair = await start(project);
    ravage(pair.container);
    await pair.same();
    const after = contents(pair.local);
    const told = await undo(pair, { dryRun: true });
    expect(contents(pair.local)).toEqual(after);
    const done = await undo(pair);
    expect(told).toMatchObject({ dryRun: true, refused: [] });
    expect(told.done).toEqual(done.done);
  });

  it('takes only what matches a pattern, and makes the directories that this needs', async () => {
    const pair = await start({ 'src/a.ts': 'a', 'src/b.md': 'b', 'docs/c.ts': 'c' });
    fs.rmSync(join(pair.container, 'src'), { recursive: true });
    fs.writeFileSync(join(pair.container, 'docs/c.ts'), 'changed');
    await pair.same();
    await undo(pair, { paths: ['src/*.ts'] });
    await pair.same();
    expect(names(pair.container)).toEqual(['docs', 'docs/c.ts', 'src', 'src/a.ts']);
    expect(read(pair.local, 'docs/c.ts')).toBe('changed');
    await undo(pair, { since: 0, paths: ['docs'] });
    expect(read(pair.local, 'docs/c.ts')).toBe('c');
  });

  it('takes back what came from the local side when asked to', async () => {
    const pair = await start({ a: '1', b: '1' });
    fs.writeFileSync(join(pair.local, 'a'), '2');
    fs.rmSync(join(pair.local, 'b'));
    fs.writeFileSync(join(pair.local, 'c'), '3');
    await pair.same();
    expect((await undo(pair, { since: 0 })).done).toEqual([]);
    expect((await undo(pair, { side: 'local' })).refused).toEqual([]);
    await pair.same();
    expect(names(pair.container)).toEqual(['a', 'b']);
    expect(read(pair.container, 'a')).toBe('1');
  });

  it('works after a restart, and past a mass removal without a hold', async () => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`f${n}`, `${n}`]));
    const pair = await startPair({ fill: (local) => makeTree(local, { keep: 'k' }) });
    await pair.same();
    makeTree(pair.container, many);
    await pair.same();
    const second = await restarted(pair);
    const { done } = await undo(second, { since: 0 });
    expect(done).toHaveLength(80);
    await second.same();
    expect(names(second.container)).toEqual(['keep']);
    expect(second.session.status().holds).toEqual([]);
  });

  it('says which contents are no longer kept, and lets go of the rest', async () => {
    const pair = await start({ a: 'one', b: 'two' });
    fs.writeFileSync(join(pair.container, 'a'), 'new a');
    fs.writeFileSync(join(pair.container, 'b'), 'new b');
    await pair.same();
    const version = pair.store.history({ path: 'a' })[0];
    const digest = version?.entry.kind === 'file' ? version.entry.digest : '';
    fs.rmSync(pair.store.contents.file(digest) as string);
    const { done, refused } = await undo(pair);
    expect(refused).toMatchObject([{ path: 'a', reason: 'no-content' }]);
    expect(done.map(({ path }) => path)).toEqual(['b']);
  });
});

it('takes back whatever a writer did at random', { timeout: 60_000 }, async () => {
  const pair = await start({ ...project, 'a/b/c': '1', 'b/a': '2', 'c/c': '3' });
  const { seed } = random();
  const names = ['a', 'b', 'c'];
  const writer = {
    root: pair.container,
    name: 'w',
    seed,
    names,
    first: [...names, 'dir', 'folder'],
  };
  for (let round = 0; round < 3; round += 1) {
    const [before, since] = [contents(pair.local), await nextMoment()];
    const options = { ...writer, seed: seed + round, operations: 200, restUs: 2_000 };
    const worker = new Worker(writerThread(), { eval: true, workerData: options });
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    await pair.same();
    const { refused } = await undo(pair, { since });
    expect(refused, `seed ${seed}, round ${round}`).toEqual([]);
    expect(contents(pair.local), `seed ${seed}, round ${round}`).toEqual(before);
    await pair.same();
  }
});

describe('rewind', () => {
  it('brings a directory back to a time, whoever changed it', async () => {
    const pair = await start(project);
    const before = contents(pair.local);
    const time = await nextMoment();
    ravage(pair.container);
    await pair.same();
    fs.writeFileSync(join(pair.local, 'edited'), 'and by me');
    makeTree(pair.local, { 'dir/other': 'o' });
    await pair.same();
    await pair.session.rewind({ path: 'dir', time, dryRun: false });
    await pair.same();
    expect(names(pair.container).filter((name) => name.startsWith('dir'))).toEqual([
      'dir',
      'dir/a',
      'dir/sub',
      'dir/sub/b',
    ]);
    const { refused } = await pair.session.rewind({ path: '', time, dryRun: false });
    expect(refused).toEqual([]);
    await pair.same();
    expect(contents(pair.container)).toEqual(before);
    const undone = await undo(pair);
    expect(undone.refused).toEqual([]);
    await pair.same();
    expect(read(pair.container, 'edited')).toBe('and by me');
  });
});

async function restarted(pair: Pair): Promise<Pair> {
  await pair.stop();
  const next = await startPair({ again: pair });
  await next.same();
  return next;
}

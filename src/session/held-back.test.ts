/** Manual local changes: what waits, what goes when it is asked for, and that nothing is lost by it. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/support/random.ts';
import { makeTree, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { Look } from '../tree/entry.ts';
import { isWithin, parentPath } from '../tree/path.ts';
import { directory, file } from '../tree/testing.ts';
import { agree, createCore, setSide } from './core.ts';
import { heldBackCount, isHeldBack, release } from './held-back.ts';
import { type Pair, startPair, testOptions } from './testing.ts';

const manual = { localChanges: 'manual' } as const;
const limits = { timeoutMs: 20_000 };
const read = (root: string, path: string) => fs.readFileSync(join(root, path), 'utf8');
const names = (root: string) => snapshot(root).map(({ path }) => path);

/** Both sides hold `a`, `d/one`, `d/two`. */
async function start(options: object = {}): Promise<Pair> {
  const pair = await startPair({
    options: { ...manual, ...options },
    fill: (local) => makeTree(local, { a: 'base', 'd/one': '1', 'd/two': '2' }),
  });
  await pair.session.sync({ to: 'container', ...limits });
  expect(names(pair.container)).toEqual(['a', 'd', 'd/one', 'd/two']);
  return pair;
}

async function waitForWaiting(pair: Pair, waiting: number): Promise<void> {
  await waitFor(() => pair.session.status().waiting === waiting, { what: `${waiting} waiting` });
}

describe('manual local changes', () => {
  it('wait, are counted, and go when they are asked for; the other way is live', async () => {
    const pair = await startPair({
      options: manual,
      fill: (local) => makeTree(local, { a: 'mine' }),
    });
    await pair.session.flush(limits);
    expect(names(pair.container)).toEqual([]);
    expect(pair.session.status()).toMatchObject({ waiting: 1, pending: 0, ready: true });
    makeTree(pair.container, { 'new/b': 'theirs' });
    await pair.session.flush(limits);
    expect(read(pair.local, 'new/b')).toBe('theirs');
    const result = await pair.session.sync({ to: 'container', ...limits });
    expect(result).toMatchObject({ to: 'container', files: 1, bytes: 4, waiting: 0 });
    await pair.same();
    fs.writeFileSync(join(pair.local, 'a'), 'edited again');
    await waitForWaiting(pair, 1);
    expect(read(pair.container, 'a')).toBe('mine');
  });

  it('removals and renames wait too', async () => {
    const pair = await start();
    fs.rmSync(join(pair.local, 'd/one'));
    fs.renameSync(join(pair.local, 'a'), join(pair.local, 'b'));
    await waitForWaiting(pair, 3);
    expect(names(pair.container)).toEqual(['a', 'd', 'd/one', 'd/two']);
    await pair.session.sync({ to: 'container', ...limits });
    await pair.same();
    expect(names(pair.container)).toEqual(['b', 'd', 'd/two']);
  });

  it('some can be asked for, and some left out', async () => {
    const pair = await start();
    makeTree(pair.local, { 'new/deep/x': 'x', 'new/deep/y.log': 'y', a: 'edited', 'd/one': 'e' });
    const selection = { paths: ['new', 'd'], exclude: ['*.log'] };
    const result = await pair.session.sync({ to: 'container', ...selection, ...limits });
    expect(result.waiting).toBe(2);
    expect(read(pair.container, 'new/deep/x')).toBe('x');
    expect(read(pair.container, 'd/one')).toBe('e');
    expect(read(pair.container, 'a')).toBe('base');
    expect(names(pair.container)).not.toContain('new/deep/y.log');
    const wrong = pair.session.sync({ to: 'container', paths: ['nowhere'], ...limits });
    await expect(wrong).rejects.toMatchObject({ code: 'USAGE', path: 'nowhere' });
  });

  it('a removed directory stays while something in it is left out', async () => {
    const pair = await start();
    fs.rmSync(join(pair.local, 'd'), { recursive: true });
    await pair.session.sync({ to: 'container', exclude: ['two'], ...limits });
    expect(names(pair.container)).toEqual(['a', 'd', 'd/two']);
    await pair.session.sync({ to: 'container', ...limits });
    await pair.same();
  });

  it('what both sides changed is a conflict, settled as ever', async () => {
    const pair = await start({ conflicts: 'container' });
    fs.writeFileSync(join(pair.local, 'a'), 'mine');
    await waitForWaiting(pair, 1);
    fs.writeFileSync(join(pair.container, 'a'), 'theirs');
    await waitFor(() => pair.session.status().conflicts.length === 1);
    await pair.same();
    expect(read(pair.local, 'a')).toBe('theirs');
    const [version] = pair.store.history({ path: 'a' });
    expect(version).toMatchObject({ path: 'a', side: 'local' });
  });

  it('an edit in the container of what was removed here brings that back, and nothing else', async () => {
    const pair = await start();
    fs.rmSync(join(pair.local, 'd'), { recursive: true });
    await waitForWaiting(pair, 3);
    fs.writeFileSync(join(pair.container, 'd/one'), 'still in use');
    await waitFor(() => fs.existsSync(join(pair.local, 'd/one')));
    await pair.session.flush(limits);
    expect(names(pair.local)).toEqual(['a', 'd', 'd/one']);
    expect(names(pair.container)).toEqual(['a', 'd', 'd/one', 'd/two']);
    expect(pair.session.status().waiting).toBe(1);
  });

  it('a directory that became a file here and was edited there is decided as a whole', async () => {
    const pair = await start({ conflicts: 'local' });
    fs.rmSync(join(pair.local, 'd'), { recursive: true });
    fs.writeFileSync(join(pair.local, 'd'), 'a file now');
    await waitForWaiting(pair, 3);
    fs.writeFileSync(join(pair.container, 'd/one'), 'edited');
    await waitFor(() => pair.session.status().waiting === 0);
    await pair.same();
    const contents = pair.store
      .history({ path: 'd/one' })
      .map(({ entry }) => entry.kind === 'file' && pair.store.contents.read(entry.digest));
    expect(contents.map(String)).toContain('edited');
  });

  it('what an undo puts back does not wait', async () => {
    const pair = await start();
    fs.writeFileSync(join(pair.container, 'a'), 'by mistake');
    await pair.session.flush(limits);
    await pair.session.undo({ side: 'container', paths: [], dryRun: false });
    await pair.same();
    expect(read(pair.container, 'a')).toBe('base');
  });

  it('waits on over a restart', async () => {
    const pair = await start();
    fs.writeFileSync(join(pair.local, 'a'), 'waits');
    await waitForWaiting(pair, 1);
    await pair.stop();
    const again = await startPair({ options: manual, again: pair });
    await again.session.flush(limits);
    expect(again.session.status().waiting).toBe(1);
    expect(read(again.container, 'a')).toBe('base');
  });

  it('random edits on both sides: no local edit goes by itself, all go in the end', async () => {
    const rng = random();
    const pair = await start();
    const onlyLocal = new Map<string, string>();
    for (let n = 0; n < 60; n += 1) {
      const [side, path] = rng.next() < 0.5 ? ['local', `l/${n % 7}`] : ['container', `c/${n % 7}`];
      makeTree(side === 'local' ? pair.local : pair.container, { [path]: `${n}` });
      if (side === 'local') onlyLocal.set(path, `${n}`);
    }
    await pair.session.flush(limits);
    for (const path of onlyLocal.keys())
      expect(fs.existsSync(join(pair.container, path)), `seed ${rng.seed}`).toBe(false);
    await pair.session.sync({ to: 'container', ...limits });
    await pair.same();
    for (const [path, text] of onlyLocal) expect(read(pair.container, path)).toBe(text);
  });
});

const somePath = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));

describe('a selection', () => {
  const someLook: fc.Arbitrary<Look> = fc.constantFrom(null, file('x'), directory());
  const someCore = fc
    .array(fc.tuple(somePath, someLook, fc.constantFrom('local', 'container')))
    .map((changes) => {
      const core = createCore({ ...testOptions, ...manual });
      for (const path of ['a', 'a/a', 'b']) agree(core, path, directory());
      for (const [path, look, side] of changes)
        setSide(core, side as 'local' | 'container', path, look, { since: 0 });
      return core;
    });

  it('of all leaves nothing waiting', () => {
    fc.assert(
      fc.property(someCore, (core) => {
        release(core, {});
        expect(heldBackCount(core)).toBe(0);
      }),
    );
  });

  it('of some takes what is below them and the directories above, and no directory from what waits', () => {
    fc.assert(
      fc.property(someCore, fc.array(somePath), fc.array(somePath), (core, paths, exclude) => {
        const chosen = release(core, { paths, exclude });
        for (const path of chosen) {
          const within = paths.some((at) => isWithin(at, path));
          const needed = chosen.some((other) => other !== path && isWithin(path, other));
          expect(within || needed).toBe(true);
        }
        for (const path of core.sides.local.changes.keys()) {
          if (!isHeldBack(core, path)) continue;
          for (let at = parentPath(path); at !== ''; at = parentPath(at))
            if (chosen.includes(at)) expect(core.sides.local.looks.get(at)?.kind).toBe('directory');
        }
      }),
    );
  });
});

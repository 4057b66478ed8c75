/** Removals that look like an accident, in all their forms: they wait, and only they (DESIGN 5.5). */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { Pair, PairInput } from './testing.ts';
import { startPair } from './testing.ts';

const files = (dir: string) => snapshot(dir).filter((row) => row.type === 'file').length;
const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`d/f${n}`, `content ${n}`]));
const removeSome = (root: string, from: number, to: number) => {
  for (let n = from; n < to; n += 1) fs.rmSync(join(root, `d/f${n}`));
};

async function start(count: number, options: PairInput['options'] = {}): Promise<Pair> {
  const fill = (local: string) => makeTree(local, { ...numbered(count), keep: 'k' });
  const pair = await startPair({ options, fill });
  await pair.same();
  return pair;
}

const flush = (pair: Pair) => pair.session.flush({ timeoutMs: 10_000 });
const hold = (pair: Pair) => waitFor(() => pair.session.status().holds[0], { what: 'the hold' });

describe('the two thresholds', () => {
  it('as many as are allowed go ahead, one more waits', async () => {
    const pair = await start(20, { holds: { files: 8, share: 0.1 } });
    removeSome(pair.container, 0, 8);
    await pair.same();
    expect(files(pair.local)).toBe(13);
    const other = await start(20, { holds: { files: 8, share: 0.1 } });
    removeSome(other.container, 0, 9);
    await flush(other);
    const { holds } = other.session.status();
    expect(holds).toMatchObject([{ reason: 'mass-deletion', side: 'container', files: 9 }]);
    expect(files(other.local)).toBe(21);
  });

  it('a small share goes ahead, however many they are', async () => {
    const pair = await start(40, { holds: { files: 2, share: 0.5 } });
    removeSome(pair.local, 0, 20);
    await pair.same();
    expect(files(pair.container)).toBe(21);
    expect(pair.session.status().holds).toEqual([]);
  });

  it('many small cycles count as one removal', async () => {
    const pair = await start(40, { holds: { files: 10, share: 0.2 } });
    for (let n = 0; n < 40; n += 4) {
      removeSome(pair.container, n, n + 4);
      await flush(pair);
    }
    expect(files(pair.local)).toBeGreaterThanOrEqual(31);
    expect((await hold(pair)).files).toBe(files(pair.local) - 1);
    await pair.session.reject();
    await pair.same();
    expect(files(pair.container)).toBe(files(pair.local));
    expect(files(pair.local)).toBeGreaterThanOrEqual(31);
  });
});

describe('what becomes of it', () => {
  it.each(['approve', 'reject'] as const)('%s after a restart', async (how) => {
    const first = await start(80);
    fs.rmSync(join(first.container, 'd'), { recursive: true });
    await hold(first);
    await first.stop();
    const pair = await startPair({ again: first });
    expect(await hold(pair)).toMatchObject({ reason: 'mass-deletion', files: 80 });
    await flush(pair);
    expect(files(pair.local)).toBe(81);
    await pair.session[how]();
    await pair.same();
    expect(files(pair.container)).toBe(how === 'approve' ? 1 : 81);
    expect(pair.session.status()).toMatchObject({ holds: [], pending: 0 });
    await pair.stop();
    const again = await startPair({ again: first });
    await again.same();
    expect(files(again.local)).toBe(how === 'approve' ? 1 : 81);
  });

  it.each(['directory', 'file', 'link'])(
    'what comes back as a %s waits no longer',
    async (kind) => {
      const pair = await start(80);
      makeTree(pair.container, { 'e/in': 'it' });
      await pair.same();
      for (const path of ['d', 'e']) fs.rmSync(join(pair.container, path), { recursive: true });
      await hold(pair);
      fs.mkdirSync(join(pair.container, 'd'));
      if (kind === 'directory') makeTree(pair.container, { 'd/f0/in': 'another kind' });
      else if (kind === 'file') makeTree(pair.container, { e: 'another kind', 'd/f0': 'edited' });
      else fs.symlinkSync('f1', join(pair.container, 'd/f0'));
      await flush(pair);
      const shown = (root: string) =>
        snapshot(root)
          .filter(
            ({ path }) => path.startsWith('d/f0') || (kind === 'file' && path.startsWith('e')),
          )
          .map(({ path, type, sha256, target }) => ({ path, type, sha256, target }));
      expect(shown(pair.local)).toEqual(shown(pair.container));
      expect(files(pair.local)).toBeGreaterThan(79);
      expect(await hold(pair)).toMatchObject({ reason: 'mass-deletion' });
      await pair.session.approve();
      await pair.same();
    },
  );

  it('a hold of which nothing is left, because something else came to its place, ends', async () => {
    const pair = await start(80);
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await hold(pair);
    makeTree(pair.container, { d: 'a file now' });
    await pair.same();
    expect(fs.readFileSync(join(pair.local, 'd'), 'utf8')).toBe('a file now');
    await waitFor(() => pair.session.status().holds.length === 0, { what: 'the end of the hold' });
    expect(pair.store.history({ path: 'd' }).length).toBeGreaterThan(79);
  });

  it('what had to wait because of a hold goes on when the hold ends by itself', async () => {
    const pair = await start(80);
    fs.rmSync(join(pair.local, 'd'), { recursive: true });
    await hold(pair);
    await pair.session.pause();
    const { pending } = pair.session.status();
    fs.rmSync(join(pair.container, 'd/f0'));
    makeTree(pair.container, {
      'd/new': { content: 'older', mtime: new Date(Date.now() - 60_000) },
    });
    makeTree(pair.local, { d: 'a file now', last: '' });
    const three = () => pair.session.status().pending >= pending + 3;
    await waitFor(three, { what: 'all of it to be noticed' });
    await pair.session.resume();
    await pair.same();
    expect(fs.readFileSync(join(pair.container, 'd'), 'utf8')).toBe('a file now');
    expect(pair.session.status()).toMatchObject({ holds: [], pending: 0 });
  });

  it('the directory of what is held is no part of it: its mode goes over', async () => {
    const pair = await start(80, { modes: 'full' });
    removeSome(pair.local, 0, 79);
    await hold(pair);
    fs.chmodSync(join(pair.local, 'd'), 0o750);
    await flush(pair);
    expect(fs.statSync(join(pair.container, 'd')).mode & 0o777).toBe(0o750);
    expect(pair.session.status()).toMatchObject({ holds: [{ files: 79 }] });
    await pair.session.approve();
    await pair.same();
  });

  it('what vanished while the session was stopped waits as well; edits of held files win', async () => {
    const first = await start(80);
    await first.stop();
    fs.rmSync(join(first.local, 'd'), { recursive: true });
    const pair = await startPair({ again: first });
    await hold(pair);
    fs.writeFileSync(join(pair.container, 'd/f1'), 'edited there');
    await waitFor(() => fs.existsSync(join(pair.local, 'd/f1')));
    await pair.session.approve();
    await pair.same();
    expect(snapshot(pair.container).map((row) => row.path)).toEqual(['d', 'd/f1', 'keep']);
  });

  it('the history names who answered, and takes back what they let go', async () => {
    const pair = await start(80);
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await hold(pair);
    await pair.session.reject('telegram:7');
    await pair.same();
    expect(files(pair.container)).toBe(81);
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await hold(pair);
    await pair.session.approve('telegram:7');
    await pair.same();
    expect(files(pair.local)).toBe(1);
    const gone = pair.store.history({ path: 'd' }).filter(({ side }) => side === 'local');
    expect(gone).toHaveLength(81);
    expect(new Set(gone.map(({ by }) => by))).toEqual(new Set(['telegram:7']));
    const whose = { by: 'telegram:7', paths: [], dryRun: false };
    expect((await pair.session.undo(whose)).done).toHaveLength(81);
    await pair.same();
    expect(files(pair.container)).toBe(81);
  });

  it('one that grows is one hold, in events as in the status', async () => {
    const pair = await start(80, { holds: { files: 8, share: 0.1 } });
    removeSome(pair.container, 0, 40);
    await flush(pair);
    const { files: first } = await hold(pair);
    removeSome(pair.container, 40, 75);
    await waitFor(() => (pair.session.status().holds[0]?.files ?? 0) > first);
    await flush(pair);
    const told = pair.events.flatMap((event) => (event.type === 'hold' ? [event.hold] : []));
    expect(told.length).toBeGreaterThan(1);
    expect(told.at(-1)).toEqual(pair.session.status().holds[0]);
    expect(new Set(told.map(({ since }) => since)).size).toBe(1);
    await pair.session.reject();
    await pair.same();
  });

  it('approved removals are in the history, and an undo brings them back', async () => {
    const pair = await start(80);
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await hold(pair);
    await pair.session.approve();
    await pair.same();
    expect(pair.store.history({ path: 'd' }).filter(({ side }) => side === 'local')).toHaveLength(
      81,
    );
    await pair.session.undo({ side: 'container', paths: [], dryRun: false });
    await pair.same();
    expect(files(pair.container)).toBe(81);
  });
});

describe('the root', () => {
  it.each(['local', 'container'] as const)(
    '%s emptied: nothing goes, reject fills it',
    async (side) => {
      const pair = await start(3);
      for (const name of fs.readdirSync(pair[side]))
        if (!name.startsWith('.cai-')) fs.rmSync(join(pair[side], name), { recursive: true });
      expect(await hold(pair)).toMatchObject({ reason: 'root-emptied', side });
      await flush(pair);
      expect(files(side === 'local' ? pair.container : pair.local)).toBeGreaterThan(0);
      await pair.session.reject();
      await pair.same();
      expect(files(pair.local)).toBe(4);
    },
  );

  it.each(['local', 'container'] as const)(
    '%s became a file: nothing goes, until it is back',
    async (side) => {
      const pair = await start(3);
      const [root, away] = [pair[side], `${pair[side]}-away`];
      fs.renameSync(root, away);
      fs.writeFileSync(root, 'a file');
      await waitFor(() => pair.session.status().holds.some(({ reason }) => reason === 'root-type'));
      expect(files(side === 'local' ? pair.container : pair.local)).toBe(4);
      fs.rmSync(root);
      fs.renameSync(away, root);
      await waitFor(() => pair.session.status().holds.length === 0, {
        what: 'the end of the hold',
      });
      await pair.same();
      expect(files(pair.local)).toBe(4);
    },
  );
});

describe('a move of which the halves are told apart', () => {
  it('is no removal: the copy arrived first', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 120 }, (_, i) => [`d/f${i}`, `content ${i}`]),
    );
    const pair = await startPair({ fill: (local) => makeTree(local, files) });
    await pair.same();
    fs.cpSync(join(pair.container, 'd'), join(pair.container, 'e'), { recursive: true });
    await pair.same();
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await pair.same();
    expect(pair.session.status().holds).toEqual([]);
    expect(fs.existsSync(join(pair.local, 'd'))).toBe(false);
  });

  it('one copy stands for one removal, however many files had that content', async () => {
    const same = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`d/f${i}`, 'the same']));
    const pair = await startPair({ fill: (local) => makeTree(local, same) });
    await pair.same();
    fs.cpSync(join(pair.container, 'd/f0'), join(pair.container, 'copy'));
    await pair.same();
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await flush(pair);
    expect(pair.session.status().holds).toMatchObject([{ reason: 'mass-deletion' }]);
    expect(fs.existsSync(join(pair.local, 'd/f119'))).toBe(true);
  });

  it('but a removal of what was made a moment ago is one', async () => {
    const pair = await startPair();
    fs.writeFileSync(join(pair.local, 'stays'), 'it stays');
    await pair.same();
    makeTree(
      pair.container,
      Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`d/f${i}`, `content ${i}`])),
    );
    await pair.same();
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(pair.session.status().holds).toMatchObject([
      { reason: 'mass-deletion', side: 'container' },
    ]);
    expect(fs.existsSync(join(pair.local, 'd/f1'))).toBe(true);
  });
});

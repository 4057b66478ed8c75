/** Sessions between two real directories: what arrives, what is kept, what waits. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { startPair } from './testing.ts';

const names = (dir: string) => snapshot(dir).map((row) => row.path);
const read = (...path: string[]) => fs.readFileSync(join(...path), 'utf8');

it('an empty file in a directory that was made just now is no problem, and there after a flush', async () => {
  const pair = await startPair();
  await pair.same();
  for (let n = 0; n < 10; n += 1) {
    makeTree(pair.local, { [`d${n}/empty`]: '', [`d${n}/too`]: '' });
    await waitFor(() => names(pair.container).includes(`d${n}`));
    await pair.same();
  }
  expect(pair.events.filter(({ type }) => type === 'problem')).toEqual([]);
});

describe('first sync', () => {
  it('brings the local files to an empty container', async () => {
    const pair = await startPair({
      fill: (local) =>
        makeTree(local, {
          'a.txt': 'a',
          'dir/b.txt': 'b',
          'dir/deep/c': { link: '../b.txt' },
          empty: { directory: true },
        }),
    });
    await pair.same();
    expect(names(pair.container)).toEqual([
      'a.txt',
      'dir',
      'dir/b.txt',
      'dir/deep',
      'dir/deep/c',
      'empty',
    ]);
  });

  it('merges: the local side leads, the other version is in the history, nothing is removed', async () => {
    const pair = await startPair({
      fill: (local, container) => {
        makeTree(local, { both: 'local', mine: 'm' });
        makeTree(container, { both: 'container', theirs: 't' });
      },
    });
    await pair.same();
    expect(read(pair.local, 'both')).toBe('local');
    expect(names(pair.local)).toEqual(['both', 'mine', 'theirs']);
    const [version] = pair.store.history({ path: 'both' });
    expect(version).toMatchObject({ side: 'container', reason: 'conflict', kept: true });
    const digest = version?.entry.kind === 'file' ? version.entry.digest : '';
    expect(Buffer.from(pair.store.contents.read(digest) ?? []).toString()).toBe('container');
  });

  it('does not bring over what the local .gitignore excludes', async () => {
    const pair = await startPair({
      fill: (local, container) => {
        makeTree(local, { '.gitignore': 'node_modules/\n', 'node_modules/x': '1', 'src/a': 'a' });
        makeTree(container, { 'node_modules/y': '2', 'src/b': 'b' });
      },
    });
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(names(pair.local)).toEqual([
      '.gitignore',
      'node_modules',
      'node_modules/x',
      'src',
      'src/a',
      'src/b',
    ]);
    expect(names(pair.container)).toEqual([
      '.gitignore',
      'node_modules',
      'node_modules/y',
      'src',
      'src/a',
      'src/b',
    ]);
  });
});

describe('live', () => {
  it('carries edits both ways, and removals, and moves', async () => {
    const pair = await startPair({
      fill: (local) => makeTree(local, { a: '1', b: '2', 'd/x': 'x', 'd/y': 'y' }),
    });
    await pair.same();
    fs.writeFileSync(join(pair.local, 'a'), 'from local');
    fs.writeFileSync(join(pair.container, 'b'), 'from container');
    await pair.same();
    expect(read(pair.container, 'a')).toBe('from local');
    expect(read(pair.local, 'b')).toBe('from container');
    fs.rmSync(join(pair.container, 'a'));
    fs.renameSync(join(pair.local, 'd'), join(pair.local, 'e'));
    await pair.same();
    expect(names(pair.local)).toEqual(['b', 'e', 'e/x', 'e/y']);
  });

  it('keeps what it replaced or removed', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { a: 'one', b: 'two' }) });
    await pair.same();
    fs.writeFileSync(join(pair.local, 'a'), 'new');
    fs.rmSync(join(pair.container, 'b'));
    await pair.same();
    const rows = pair.store
      .history()
      .map(({ path, side, reason, kept }) => ({ path, side, reason, kept }));
    expect(rows).toContainEqual({ path: 'a', side: 'container', reason: 'replaced', kept: true });
    expect(rows).toContainEqual({ path: 'b', side: 'local', reason: 'removed', kept: true });
  });

  it('changes types both ways', async () => {
    const pair = await startPair({
      fill: (local) => makeTree(local, { a: '1', 'b/c': '2', l: { link: 'a' } }),
    });
    await pair.same();
    fs.rmSync(join(pair.local, 'a'));
    makeTree(pair.local, { 'a/now/a': 'directory' });
    fs.rmSync(join(pair.container, 'b'), { recursive: true });
    makeTree(pair.container, { b: 'file' });
    fs.rmSync(join(pair.container, 'l'));
    makeTree(pair.container, { l: 'file too' });
    await pair.same();
    expect(names(pair.container)).toEqual(['a', 'a/now', 'a/now/a', 'b', 'l']);
  });

  it('streams large files, and goes on with small ones meanwhile', async () => {
    const pair = await startPair();
    await pair.session.flush({ timeoutMs: 10_000 });
    fs.writeFileSync(join(pair.local, 'big'), Buffer.alloc(20 * 1024 * 1024, 7));
    fs.writeFileSync(join(pair.container, 'big2'), Buffer.alloc(5 * 1024 * 1024, 8));
    fs.writeFileSync(join(pair.local, 'small'), 's');
    await waitFor(() => pair.session.status().state === 'syncing', { what: 'syncing' });
    await pair.same();
    expect(pair.session.status().state).toBe('watching');
    expect(pair.session.status().progress).toBeUndefined();
  });

  it('carries the executable bit apart from the content', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { tool: '#!/bin/sh\n' }) });
    await pair.same();
    fs.chmodSync(join(pair.local, 'tool'), 0o755);
    fs.appendFileSync(join(pair.container, 'tool'), 'echo\n');
    await pair.same();
    expect(fs.statSync(join(pair.container, 'tool')).mode & 0o100).toBe(0o100);
    expect(read(pair.local, 'tool')).toBe('#!/bin/sh\necho\n');
  });

  it('sync stops for a path that becomes ignored, on both disks it stays', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { 'log/x': '1', a: 'a' }) });
    await pair.same();
    fs.writeFileSync(join(pair.container, '.gitignore'), 'log/\n');
    await pair.same();
    fs.rmSync(join(pair.local, 'log'), { recursive: true });
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(names(pair.container)).toEqual(['.gitignore', 'a', 'log', 'log/x']);
    fs.writeFileSync(join(pair.local, '.gitignore'), '');
    await pair.same();
    expect(names(pair.local)).toEqual(['.gitignore', 'a', 'log', 'log/x']);
  });

  it('a directory with ignored content stays where it is, and says so', async () => {
    const pair = await startPair({
      fill: (local) => makeTree(local, { '.gitignore': '*.o\n', 'src/a.c': 'c' }),
    });
    await pair.same();
    fs.writeFileSync(join(pair.container, 'src/a.o'), 'object');
    fs.rmSync(join(pair.local, 'src'), { recursive: true });
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(names(pair.local)).toEqual(['.gitignore']);
    expect(names(pair.container)).toEqual(['.gitignore', 'src', 'src/a.o']);
    expect(pair.session.status().leftovers).toEqual([
      { side: 'container', path: 'src', names: ['a.o'] },
    ]);
    fs.writeFileSync(join(pair.container, 'src/b.c'), 'again');
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(names(pair.local)).toEqual(['.gitignore', 'src', 'src/b.c']);
    expect(pair.session.status().leftovers).toEqual([]);
  });
});

describe('restart', () => {
  it('brings over what happened meanwhile, removals too', async () => {
    const first = await startPair({
      fill: (local) => makeTree(local, { a: '1', b: '2', c: '3', 'd/e': '4' }),
    });
    await first.same();
    await first.stop();
    fs.rmSync(join(first.local, 'a'));
    fs.writeFileSync(join(first.container, 'b'), 'changed');
    fs.rmSync(join(first.container, 'd'), { recursive: true });
    const second = await startPair({ again: first });
    await second.same();
    expect(names(second.local)).toEqual(['b', 'c']);
    expect(read(second.local, 'b')).toBe('changed');
  });

  it('takes a root that was made anew for another one: nothing is removed', async () => {
    const first = await startPair({ fill: (local) => makeTree(local, { a: '1', b: '2' }) });
    await first.same();
    await first.stop();
    fs.rmSync(first.container, { recursive: true });
    fs.mkdirSync(first.container);
    const second = await startPair({ again: first });
    await second.same();
    expect(names(second.local)).toEqual(['a', 'b']);
  });
});

describe('holds', () => {
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`d/f${i}`, `content ${i}`]),
  );

  it('a mass removal waits; reject brings the files back', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { ...many, other: 'o' }) });
    await pair.same();
    fs.rmSync(join(pair.container, 'd'), { recursive: true });
    await waitFor(() => pair.session.status().holds.length > 0, { what: 'the hold' });
    fs.writeFileSync(join(pair.container, 'other'), 'goes on');
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(read(pair.local, 'other')).toBe('goes on');
    expect(names(pair.local).length).toBe(102);
    await pair.session.reject();
    await pair.same();
    expect(names(pair.container).length).toBe(102);
    expect(pair.session.status().holds).toEqual([]);
  });

  it('approve lets it go ahead', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { ...many, other: 'o' }) });
    await pair.same();
    fs.rmSync(join(pair.local, 'd'), { recursive: true });
    await waitFor(() => pair.session.status().holds.length > 0, { what: 'the hold' });
    await pair.session.approve();
    await pair.same();
    expect(names(pair.container)).toEqual(['other']);
    expect(pair.session.status().holds).toEqual([]);
  });

  it('a hold ends by itself when the files turn out to have been moved', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { ...many, other: 'o' }) });
    await pair.same();
    const away = join(pair.local, '..', 'away');
    fs.renameSync(join(pair.local, 'd'), away);
    await waitFor(() => pair.session.status().holds.length > 0, { what: 'the hold' });
    fs.renameSync(away, join(pair.local, 'e'));
    await pair.same();
    expect(pair.session.status().holds).toEqual([]);
    expect(names(pair.container)).not.toContain('d');
  });

  it('equal contents elsewhere do not make a removal a move', async () => {
    const same = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`d${i % 10}/f${i}`, 'x']),
    );
    const pair = await startPair({ fill: (local) => makeTree(local, { ...same, other: 'x' }) });
    await pair.same();
    for (let i = 0; i < 10; i += 1) {
      fs.rmSync(join(pair.local, `d${i}`), { recursive: true });
      await pair.session.flush({ timeoutMs: 10_000 });
      fs.writeFileSync(join(pair.local, 'other'), `${i}`);
    }
    await pair.session.flush({ timeoutMs: 10_000 });
    const left = names(pair.container).filter((name) => name.includes('/f'));
    expect(left.length).toBeGreaterThanOrEqual(150);
    expect(pair.session.status().holds).toMatchObject([{ files: left.length }]);
  });

  it('an emptied root removes nothing', async () => {
    const pair = await startPair({
      fill: (local) => makeTree(local, { a: '1', b: '2', 'c/d': '3' }),
    });
    await pair.same();
    for (const name of ['a', 'b', 'c']) fs.rmSync(join(pair.local, name), { recursive: true });
    await waitFor(() => pair.session.status().holds.length > 0, { what: 'the hold' });
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(names(pair.container).length).toBeGreaterThan(0);
  });

  it('a root that vanishes removes nothing, and the session goes on when it is back', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { a: '1', b: '2' }) });
    await pair.same();
    fs.renameSync(pair.container, `${pair.container}-away`);
    await waitFor(() => pair.session.status().holds.length > 0, { what: 'the hold' });
    expect(names(pair.local)).toEqual(['a', 'b']);
    fs.renameSync(`${pair.container}-away`, pair.container);
    await waitFor(
      () => pair.session.status().holds.length === 0 && pair.session.status().state === 'watching',
      { what: 'the end of the hold' },
    );
    fs.writeFileSync(join(pair.local, 'a'), 'after');
    await pair.same();
  });
});

describe('a root that is lost', () => {
  it('a flush ends at once and shows the hold', async () => {
    const pair = await startPair({ fill: (local) => makeTree(local, { a: '1' }) });
    await pair.same();
    fs.renameSync(pair.local, `${pair.local}-away`);
    const { holds } = await pair.session.flush({ timeoutMs: 10_000 });
    expect(holds).toMatchObject([{ side: 'local', reason: 'root-missing' }]);
  });

  it.each(['local', 'container'] as const)(
    'made anew on the %s side: both are merged',
    async (side) => {
      const pair = await startPair({ fill: (local) => makeTree(local, { a: '1', 'd/b': '2' }) });
      await pair.same();
      fs.renameSync(pair[side], `${pair[side]}-away`);
      await waitFor(() => pair.session.status().holds.length > 0, { what: 'the hold' });
      makeTree(pair[side], { fresh: 'f' });
      await waitFor(
        () =>
          pair.session.status().holds.length === 0 && pair.session.status().state === 'watching',
        { what: 'the end of the hold' },
      );
      await pair.same();
      expect(names(pair.local)).toEqual(['a', 'd', 'd/b', 'fresh']);
    },
  );

  it('a flush that waits for it ends with the session', async () => {
    const pair = await startPair();
    await pair.same();
    const flush = pair.session.flush({ timeoutMs: 10_000 });
    const ended = expect(flush).rejects.toMatchObject({ code: 'CANCELLED' });
    await pair.stop();
    await ended;
  });
});

describe('modes and policies', () => {
  it('to-container leaves alone what the container changed, and says so', async () => {
    const pair = await startPair({
      options: { mode: 'to-container' },
      fill: (local) => makeTree(local, { a: '1', b: '2' }),
    });
    await pair.session.flush({ timeoutMs: 10_000 });
    fs.writeFileSync(join(pair.container, 'a'), 'mine');
    await waitFor(() => pair.session.status().diverged.length > 0, { what: 'the divergence' });
    expect(read(pair.local, 'a')).toBe('1');
    fs.writeFileSync(join(pair.local, 'b'), 'new');
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(read(pair.container, 'b')).toBe('new');
    expect(pair.session.status()).toMatchObject({ diverged: ['a'], pending: 0 });
  });

  it('newest wins a conflict, the other version is in the history', async () => {
    const pair = await startPair({
      options: { conflicts: 'newest' },
      fill: (local) => makeTree(local, { a: 'base' }),
    });
    await pair.same();
    await pair.session.pause();
    makeTree(pair.local, { a: { content: 'older', mtime: new Date(Date.now() - 60_000) } });
    makeTree(pair.container, { a: { content: 'newer', mtime: new Date() } });
    await waitFor(() => pair.session.status().pending >= 2, { what: 'both edits to be noticed' });
    await pair.session.resume();
    await pair.same();
    expect(read(pair.local, 'a')).toBe('newer');
    expect(pair.session.status().conflicts).toMatchObject([{ path: 'a', settled: 'container' }]);
    await waitFor(() =>
      pair.store
        .history({ path: 'a' })
        .some((row) => row.side === 'local' && row.reason === 'conflict'),
    );
  });

  it('manual leaves both sides as they are', async () => {
    const pair = await startPair({
      options: { conflicts: 'manual' },
      fill: (local) => makeTree(local, { a: 'base' }),
    });
    await pair.same();
    await pair.session.pause();
    fs.writeFileSync(join(pair.local, 'a'), 'L');
    fs.writeFileSync(join(pair.container, 'a'), 'C');
    await waitFor(() => pair.session.status().pending >= 2, { what: 'both edits to be noticed' });
    await pair.session.resume();
    await waitFor(() => pair.session.status().conflicts.length > 0, { what: 'the conflict' });
    await pair.session.flush({ timeoutMs: 10_000 });
    expect([read(pair.local, 'a'), read(pair.container, 'a')]).toEqual(['L', 'C']);
  });
});

it('a session that is stopped twice at a time has ended for both', async () => {
  const pair = await startPair({ fill: (local) => makeTree(local, { a: 'one' }) });
  await pair.same();
  makeTree(pair.local, { a: 'two' });
  await pair.same();
  const first = pair.session.stop();
  await pair.session.stop();
  expect(pair.session.status().state).toBe('stopped');
  await first;
});

it('a problem of what is ignored by now is none any more', async () => {
  const pair = await startPair();
  await pair.same();
  fs.symlinkSync('/etc', join(pair.local, 'outside'));
  await waitFor(() => pair.session.status().problems.length > 0, { what: 'the problem' });
  makeTree(pair.local, { '.gitignore': 'outside\n' });
  await waitFor(() => fs.existsSync(join(pair.container, '.gitignore')));
  await pair.session.flush({ timeoutMs: 10_000 });
  expect(pair.session.status().problems).toEqual([]);
});

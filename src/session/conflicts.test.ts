/** Conflicts between real directories: every pair of kinds, every policy; what is kept, listed and told. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { ConflictPolicy } from '../tree/reconcile.ts';
import { type Pair, type PairInput, startPair } from './testing.ts';

const read = (...path: string[]) => fs.readFileSync(join(...path), 'utf8');
const lines = (...names: string[]) => names.map((name) => `${name}\n`).join('');

/** A session in which both sides change something at the same time. */
async function conflicting(
  before: Parameters<typeof makeTree>[1],
  change: (local: string, container: string) => void,
  options: PairInput['options'] = {},
): Promise<Pair> {
  const pair = await startPair({ options, fill: (local) => makeTree(local, before) });
  await pair.same();
  await pair.session.pause();
  change(pair.local, pair.container);
  await pair.session.resume();
  await pair.session.flush({ timeoutMs: 20_000 });
  return pair;
}

const conflicts = (pair: Pair) => pair.session.status().conflicts;
const told = (pair: Pair) => pair.events.filter((event) => event.type === 'conflict');

function historyText(pair: Pair, id: string | undefined): string | undefined {
  const version = id === undefined ? undefined : pair.store.version(id);
  if (version?.entry.kind !== 'file') return undefined;
  const bytes = pair.store.contents.read(version.entry.digest);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

describe('merge', () => {
  it('keeps the edits of both sides, puts both versions into the history and lists it', async () => {
    const base = lines('one', 'two', 'three', 'four', 'five');
    const pair = await conflicting({ 'a.txt': base }, (local, container) => {
      fs.writeFileSync(join(local, 'a.txt'), base.replace('one', 'ONE'));
      fs.writeFileSync(join(container, 'a.txt'), base.replace('five', 'FIVE'));
    });
    await pair.same();
    expect(read(pair.local, 'a.txt')).toBe(lines('ONE', 'two', 'three', 'four', 'FIVE'));
    const [conflict, ...others] = conflicts(pair);
    expect(others).toEqual([]);
    expect(conflict).toMatchObject({
      path: 'a.txt',
      kind: 'edit-edit',
      settled: 'merged',
      local: { kind: 'file', size: base.length },
      base: { kind: 'file', size: base.length },
    });
    expect(historyText(pair, conflict?.versions.local[0])).toBe(base.replace('one', 'ONE'));
    expect(historyText(pair, conflict?.versions.container[0])).toBe(base.replace('five', 'FIVE'));
    expect(told(pair)).toMatchObject([{ conflict: { id: conflict?.id, settled: 'merged' } }]);
  });

  it.each([
    ['line ends', 'a\r\nb\r\nc\r\nd', 'A\r\nb\r\nc\r\nd', 'a\r\nb\r\nc\r\nD', 'A\r\nb\r\nc\r\nD'],
    ['a new last line', 'a\nb\nc', 'A\nb\nc', 'a\nb\nc\n', 'A\nb\nc\n'],
    ['what only one added', 'a\nb\n', 'a\nb\nc\n', 'new\na\nb\n', 'new\na\nb\nc\n'],
  ])('keeps %s', async (_, base, mine, theirs, merged) => {
    const pair = await conflicting({ f: base }, (local, container) => {
      fs.writeFileSync(join(local, 'f'), mine);
      fs.writeFileSync(join(container, 'f'), theirs);
    });
    await pair.same();
    expect(read(pair.container, 'f')).toBe(merged);
  });

  it('takes the newest where the two touch, and never writes a mark', async () => {
    const pair = await conflicting({ f: lines('a', 'b', 'c') }, (local, container) => {
      fs.writeFileSync(join(local, 'f'), lines('a', 'mine', 'c'));
      fs.utimesSync(join(local, 'f'), 2e9, 2e9);
      fs.writeFileSync(join(container, 'f'), lines('a', 'theirs', 'c'));
    });
    await pair.same();
    expect(read(pair.container, 'f')).toBe(lines('a', 'mine', 'c'));
    const [conflict] = conflicts(pair);
    expect(conflict).toMatchObject({ settled: 'local', newest: 'local' });
    expect(historyText(pair, conflict?.version)).toBe(lines('a', 'theirs', 'c'));
  });

  it('takes the newest of what is no text, what is too large, and what both made', async () => {
    const large = lines(...Array.from({ length: 40_000 }, (_, n) => `line ${n} ${'.'.repeat(20)}`));
    const binary = Buffer.from([0, 1, 2, 10, 3, 10, 4]);
    const pair = await conflicting({ large, binary }, (local, container) => {
      for (const [root, word] of [
        [local, 'X'],
        [container, 'Y'],
      ] as const) {
        fs.writeFileSync(join(root, 'large'), word === 'X' ? word + large : large + word);
        const changed = word === 'X' ? [Buffer.from(word), binary] : [binary, Buffer.from(word)];
        fs.writeFileSync(join(root, 'binary'), Buffer.concat(changed));
        fs.writeFileSync(join(root, 'made'), word);
        for (const name of ['large', 'binary', 'made'])
          fs.utimesSync(join(root, name), word === 'X' ? 2e9 : 1e9, word === 'X' ? 2e9 : 1e9);
      }
    });
    await pair.same();
    expect(read(pair.container, 'made')).toBe('X');
    expect(read(pair.container, 'large')).toBe(`X${large}`);
    expect(conflicts(pair).map(({ path, kind, settled }) => [path, kind, settled])).toEqual(
      expect.arrayContaining([
        ['binary', 'edit-edit', 'local'],
        ['large', 'edit-edit', 'local'],
        ['made', 'create-create', 'local'],
      ]),
    );
  });

  it('merges texts that do not travel inside messages', async () => {
    const base = lines(...Array.from({ length: 8_000 }, (_, n) => `line ${n} ${'.'.repeat(20)}`));
    const pair = await startPair({ fill: (local) => makeTree(local, { f: base }) });
    await pair.same();
    // It is read in the background; until then there is nothing to merge from.
    const [row] = snapshot(pair.local);
    await waitFor(() => pair.store.texts.has(row?.sha256 ?? ''), { what: 'the base text' });
    await pair.session.pause();
    fs.writeFileSync(join(pair.local, 'f'), `first\n${base}`);
    fs.writeFileSync(join(pair.container, 'f'), `${base}last\n`);
    await pair.session.resume();
    await pair.same();
    expect(read(pair.local, 'f')).toBe(`first\n${base}last\n`);
    expect(conflicts(pair)).toHaveLength(1);
  });

  it('judges the executable bit apart', async () => {
    const pair = await conflicting({ f: lines('a', 'b', 'c') }, (local, container) => {
      fs.writeFileSync(join(local, 'f'), lines('A', 'b', 'c'));
      fs.chmodSync(join(local, 'f'), 0o755);
      fs.writeFileSync(join(container, 'f'), lines('a', 'b', 'C'));
    });
    await pair.same();
    expect(read(pair.container, 'f')).toBe(lines('A', 'b', 'C'));
    expect(fs.statSync(join(pair.container, 'f')).mode & 0o100).toBe(0o100);
  });

  it('knows what both held before after a restart, and when both held it from the start', async () => {
    const base = lines('a', 'b', 'c');
    const first = await startPair({
      fill: (local, container) => {
        makeTree(local, { f: base });
        makeTree(container, { f: base });
      },
    });
    await first.same();
    await first.stop();
    fs.writeFileSync(join(first.local, 'f'), lines('A', 'b', 'c'));
    fs.writeFileSync(join(first.container, 'f'), lines('a', 'b', 'C'));
    const again = await startPair({ again: first });
    await again.same();
    expect(read(again.local, 'f')).toBe(lines('A', 'b', 'C'));
  });

  it('does not merge without a budget for what both held before', async () => {
    const change = (local: string, container: string) => {
      fs.writeFileSync(join(container, 'f'), lines('a', 'b', 'C'));
      fs.utimesSync(join(container, 'f'), 1e9, 1e9);
      fs.writeFileSync(join(local, 'f'), lines('A', 'b', 'c'));
    };
    const pair = await conflicting({ f: lines('a', 'b', 'c') }, change, { mergeBudget: 0 });
    await pair.same();
    expect(read(pair.container, 'f')).toBe(lines('A', 'b', 'c'));
  });
});

describe('policies', () => {
  const change = (local: string, container: string) => {
    for (const name of ['f', 'x.lock', 'dir/y']) {
      fs.writeFileSync(join(local, name), 'mine');
      fs.writeFileSync(join(container, name), 'theirs!');
      fs.utimesSync(join(local, name), 1.9e9, 1.9e9);
      fs.utimesSync(join(container, name), 1.8e9, 1.8e9);
    }
  };
  const before = { f: 'base', 'x.lock': 'base', 'dir/y': 'base' };

  it.each<[ConflictPolicy, string]>([
    ['merge', 'mine'],
    ['newest', 'mine'],
    ['local', 'mine'],
    ['container', 'theirs!'],
  ])('%s', async (policy, expected) => {
    const pair = await conflicting(before, change, { conflicts: policy });
    await pair.same();
    expect(read(pair.local, 'f')).toBe(expected);
    const winner = expected === 'mine' ? 'local' : 'container';
    const loser = winner === 'local' ? 'container' : 'local';
    for (const conflict of conflicts(pair)) {
      expect(conflict).toMatchObject({ settled: winner, newest: 'local' });
      expect(conflict.versions[winner]).toEqual([]);
      const lost = historyText(pair, conflict.versions[loser][0]);
      expect(lost).toBe(winner === 'local' ? 'theirs!' : 'mine');
    }
    expect(conflicts(pair)).toHaveLength(3);
  });

  it('per path: the last rule that names it decides', async () => {
    const pair = await conflicting(before, change, {
      conflicts: 'local',
      conflictRules: [
        { paths: ['*.lock', 'dir/'], conflicts: 'manual' },
        { paths: ['dir/y'], conflicts: 'container' },
      ],
    });
    expect(read(pair.container, 'f')).toBe('mine');
    expect(read(pair.container, 'x.lock')).toBe('theirs!');
    expect(read(pair.local, 'x.lock')).toBe('mine');
    expect(read(pair.local, 'dir/y')).toBe('theirs!');
    const open = conflicts(pair).filter(({ settled }) => settled === 'open');
    expect(open).toMatchObject([{ path: 'x.lock', newest: 'local' }]);
  });

  it('manual: stays listed as one while it waits, through a restart, until the sides are the same', async () => {
    const pair = await conflicting(before, change, { conflicts: 'manual' });
    const ids = conflicts(pair).map(({ id }) => id);
    expect(ids).toHaveLength(3);
    fs.appendFileSync(join(pair.local, 'f'), ' and more');
    await pair.session.flush({ timeoutMs: 10_000 });
    expect(conflicts(pair).map(({ id }) => id)).toEqual(ids);
    expect(conflicts(pair).find(({ path }) => path === 'f')?.local.size).toBe(13);
    await pair.stop();
    fs.writeFileSync(join(pair.local, 'f'), 'theirs!');
    const again = await startPair({ again: pair, options: { conflicts: 'manual' } });
    await again.session.flush({ timeoutMs: 10_000 });
    expect(
      conflicts(again)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['dir/y', 'x.lock']);
    fs.rmSync(join(again.container, 'x.lock'));
    fs.rmSync(join(again.local, 'x.lock'));
    await again.session.flush({ timeoutMs: 10_000 });
    expect(conflicts(again).map(({ path }) => path)).toEqual(['dir/y']);
    expect(again.events).toContainEqual(expect.objectContaining({ type: 'resolved', how: 'gone' }));
  });
});

describe('kinds', () => {
  const sides = ['local', 'container'] as const;
  type Side = (typeof sides)[number];
  const makers = {
    file: (root: string) => makeTree(root, { p: 'file' }),
    other: (root: string) => makeTree(root, { p: 'other file' }),
    link: (root: string) => makeTree(root, { p: { link: 'target' } }),
    directory: (root: string) => makeTree(root, { 'p/in/side': 'inside', 'p/two': '2' }),
  };
  const wipe = (root: string) => fs.rmSync(join(root, 'p'), { recursive: true, force: true });
  const names = Object.keys(makers) as (keyof typeof makers)[];
  const pairs = names.flatMap((a) => names.filter((b) => b !== a).map((b) => [a, b] as const));

  it.each(pairs)(
    '%s against %s: one side wins whole, the other is in the history',
    async (a, b) => {
      for (const before of [{ q: '' }, { q: '', p: 'base' }]) {
        for (const winner of sides) {
          const change = (local: string, container: string) => {
            for (const root of [local, container]) wipe(root);
            makers[a](local);
            makers[b](container);
          };
          const pair = await conflicting(before, change, { conflicts: winner });
          await pair.same();
          const expected = winner === 'local' ? a : b;
          const lost = winner === 'local' ? b : a;
          const kind = fs.lstatSync(join(pair.local, 'p'));
          expect(kind.isDirectory()).toBe(expected === 'directory');
          expect(kind.isSymbolicLink()).toBe(expected === 'link');
          const loser: Side = winner === 'local' ? 'container' : 'local';
          const [conflict, ...more] = conflicts(pair);
          expect(more).toEqual([]);
          expect(conflict).toMatchObject({ path: 'p', settled: winner });
          const rows = conflict?.versions[loser].map((id) => pair.store.version(id));
          expect(rows?.every((row) => row?.kept && row.reason === 'conflict')).toBe(true);
          const files = rows?.filter((row) => row?.entry.kind !== 'directory').length;
          expect(files).toBe(lost === 'directory' ? 2 : 1);
          await pair.stop();
        }
      }
    },
  );

  it.each(sides)(
    'edited, but removed on the %s side: the edit wins, the history notes the removal',
    async (remover) => {
      const pair = await conflicting({ 'd/f': 'base\n', 'd/g': 'g', q: '' }, (local, container) => {
        const [from, at] = remover === 'local' ? [local, container] : [container, local];
        fs.rmSync(join(from, 'd'), { recursive: true });
        fs.writeFileSync(join(at, 'd/f'), 'edited\n');
      });
      await pair.same();
      expect(snapshot(pair.local).map((row) => row.path)).toEqual(['d', 'd/f', 'q']);
      expect(read(pair.local, 'd/f')).toBe('edited\n');
      const removal = pair.store.history({ path: 'd/f' }).find((row) => row.side === remover);
      expect(removal).toMatchObject({ reason: 'removed', kept: true });
      expect(historyText(pair, removal?.id)).toBe('base\n');
      const back = pair.events.filter((event) => event.type === 'restored');
      expect(back).toMatchObject([{ side: remover, paths: ['d', 'd/f'] }]);
      expect(conflicts(pair)).toEqual([]);
    },
  );
});

describe('the list', () => {
  it('keeps settled conflicts through a restart, until they are older than the history', async () => {
    const change = (local: string, container: string) => {
      fs.writeFileSync(join(local, 'f'), 'mine');
      fs.writeFileSync(join(container, 'f'), 'theirs');
    };
    const pair = await conflicting({ f: 'base' }, change, { conflicts: 'local' });
    const before = conflicts(pair);
    expect(before).toHaveLength(1);
    await pair.stop();
    const again = await startPair({ again: pair });
    expect(conflicts(again)).toEqual(before);
    await again.stop();
    const later = await startPair({
      again: pair,
      options: { history: { maxAgeMs: 1, maxBytes: 1024 ** 3 } },
    });
    expect(conflicts(later)).toEqual([]);
  });
});

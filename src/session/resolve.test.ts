/** Settling conflicts, open ones and settled ones, between real directories. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree, snapshot, temporaryDirectory } from '../../test/support/tree.ts';
import type { ConflictInfo, Take } from '../control/api.ts';
import type { ConflictPolicy } from '../tree/reconcile.ts';
import { type Pair, startPair } from './testing.ts';

const read = (...path: string[]) => fs.readFileSync(join(...path), 'utf8');
const names = (root: string) => snapshot(root).map((row) => row.path);

type Tree = Parameters<typeof makeTree>[1];

/** Both sides make what is given in the place of `before`. */
async function conflicting(
  conflicts: ConflictPolicy,
  { before = { q: '' }, mine, theirs }: { before?: Tree; mine: Tree; theirs: Tree },
): Promise<Pair> {
  const pair = await startPair({
    options: { conflicts },
    fill: (local) => makeTree(local, before),
  });
  await pair.same();
  await pair.session.pause();
  for (const [root, tree] of [
    [pair.local, mine],
    [pair.container, theirs],
  ] as const) {
    for (const path of Object.keys(tree)) {
      const [top = path] = path.split('/');
      if (fs.lstatSync(join(root, top), { throwIfNoEntry: false })?.isDirectory() === false)
        fs.rmSync(join(root, top));
    }
    makeTree(root, tree);
  }
  await pair.session.resume();
  await pair.session.flush({ timeoutMs: 20_000 });
  return pair;
}

function only(pair: Pair): ConflictInfo {
  const { conflicts } = pair.session.status();
  expect(conflicts).toHaveLength(1);
  return conflicts[0] as ConflictInfo;
}

async function resolve(pair: Pair, choice: { take: Take } | { file: string }) {
  const { id } = only(pair);
  const { resolved, failed } = await pair.session.resolve({ conflicts: [id], ...choice });
  expect(failed).toEqual([]);
  await pair.same();
  expect(pair.session.status().conflicts).toEqual([]);
  expect(pair.events).toContainEqual(
    expect.objectContaining({ type: 'resolved', conflict: expect.objectContaining({ id }) }),
  );
  return resolved[0];
}

function texts(pair: Pair, ids: readonly string[] = []): string[] {
  return ids.map((id) => {
    const entry = pair.store.version(id)?.entry;
    const bytes = entry?.kind === 'file' ? pair.store.contents.read(entry.digest) : undefined;
    return bytes === undefined ? '' : Buffer.from(bytes).toString();
  });
}

const files = { mine: { f: 'mine' }, theirs: { f: { content: 'theirs', mtime: new Date(1e12) } } };

describe('an open conflict', () => {
  it.each([
    ['local', 'mine', 'theirs'],
    ['container', 'theirs', 'mine'],
    ['newest', 'mine', 'theirs'],
  ] as const)('goes to %s', async (take, expected, lost) => {
    const pair = await conflicting('manual', files);
    const done = await resolve(pair, { take });
    expect(read(pair.container, 'f')).toBe(expected);
    expect(texts(pair, done?.displaced)).toEqual([lost]);
  });

  it('keeps both, the older beside the newer under a name that is free', async () => {
    const pair = await conflicting('manual', {
      before: { 'd/f.container.txt': 'taken' },
      mine: { 'd/f.txt': 'mine' },
      theirs: { 'd/f.txt': { content: 'theirs', mtime: new Date(1e12) } },
    });
    const done = await resolve(pair, { take: 'both' });
    expect(done?.beside).toEqual(['d/f.container-2.txt']);
    expect(read(pair.container, 'd/f.txt')).toBe('mine');
    expect(read(pair.container, 'd/f.container-2.txt')).toBe('theirs');
    expect(read(pair.container, 'd/f.container.txt')).toBe('taken');
  });

  it('takes a given file, large ones too; both versions are in the history', async () => {
    const pair = await conflicting('manual', files);
    const file = join(temporaryDirectory(), 'mine.txt');
    fs.writeFileSync(file, 'x'.repeat(300_000));
    const done = await resolve(pair, { file });
    expect(read(pair.container, 'f')).toBe('x'.repeat(300_000));
    expect(texts(pair, done?.displaced).sort()).toEqual(['mine', 'theirs']);
  });

  it.each(['local', 'container', 'both'] as const)(
    'of a directory with a file: %s',
    async (take) => {
      const pair = await conflicting('manual', {
        before: { p: 'base', q: '' },
        mine: { 'p/a': '1', 'p/in/b': '2', 'p/l': { link: 'a' } },
        theirs: { p: { content: 'theirs', mtime: new Date(2e12) } },
      });
      await resolve(pair, { take });
      expect(names(pair.local)).toEqual(
        {
          local: ['p', 'p/a', 'p/in', 'p/in/b', 'p/l', 'q'],
          container: ['p', 'q'],
          both: ['p', 'p.local', 'p.local/a', 'p.local/in', 'p.local/in/b', 'p.local/l', 'q'],
        }[take],
      );
    },
  );

  it('cannot be taken as it is, and what is not there is no conflict', async () => {
    const pair = await conflicting('manual', files);
    const { failed } = await pair.session.resolve({
      conflicts: [only(pair).id, '999'],
      take: 'kept',
    });
    expect(failed.map(({ error }) => error.code)).toEqual(['USAGE', 'NO_CONFLICT']);
    await pair.session.pause();
    const paused = pair.session.resolve({ conflicts: [only(pair).id], take: 'local' });
    await expect(paused).rejects.toMatchObject({ code: 'BUSY' });
  });
});

describe('a settled conflict', () => {
  it.each([
    ['local', 'container', 'theirs', ['mine']],
    ['container', 'local', 'mine', ['theirs']],
    ['container', 'newest', 'mine', ['theirs']],
    ['local', 'newest', 'mine', []],
    ['local', 'local', 'mine', []],
    ['local', 'kept', 'mine', []],
  ] as const)('by %s, taken from %s', async (policy, take, expected, displaced) => {
    const pair = await conflicting(policy, files);
    await pair.same();
    const done = await resolve(pair, { take });
    expect(read(pair.container, 'f')).toBe(expected);
    expect(texts(pair, done?.displaced.slice(0, 1))).toEqual(displaced);
  });

  it('can be turned also when the winner was edited since, and turned back', async () => {
    const pair = await conflicting('local', files);
    fs.writeFileSync(join(pair.container, 'f'), 'edited since');
    await pair.same();
    const done = await resolve(pair, { take: 'container' });
    expect(read(pair.local, 'f')).toBe('theirs');
    expect(texts(pair, done?.displaced)).toContain('edited since');
    const { done: undone } = await pair.session.undo({
      side: 'container',
      since: 0,
      by: 'resolve',
      paths: ['f'],
      dryRun: false,
    });
    expect(undone).toMatchObject([{ path: 'f' }]);
    await pair.same();
    expect(read(pair.container, 'f')).toBe('edited since');
  });

  it('keeps both', async () => {
    const pair = await conflicting('local', files);
    const done = await resolve(pair, { take: 'both' });
    expect(done?.beside).toEqual(['f.container']);
    expect(read(pair.container, 'f')).toBe('mine');
    expect(read(pair.local, 'f.container')).toBe('theirs');
  });

  it.each([
    ['local', 'A\nb\nc\n'],
    ['container', 'a\nb\nC\n'],
    ['both', 'A\nb\nC\n'],
  ] as const)('that was merged goes to %s', async (take, expected) => {
    const pair = await conflicting('merge', {
      before: { 'f.txt': 'a\nb\nc\n' },
      mine: { 'f.txt': 'A\nb\nc\n' },
      theirs: { 'f.txt': 'a\nb\nC\n' },
    });
    expect(only(pair).settled).toBe('merged');
    const done = await resolve(pair, { take });
    expect(read(pair.container, 'f.txt')).toBe(expected);
    expect(done?.beside).toEqual(take === 'both' ? ['f.local.txt', 'f.container.txt'] : []);
  });

  it.each(['container', 'local'] as const)(
    'brings a whole directory back in the place of a file, or the other way round (%s won)',
    async (winner) => {
      const pair = await conflicting(winner, {
        before: { p: 'base', q: '' },
        mine: { 'p/a': '1', 'p/in/b': '2' },
        theirs: { p: 'theirs' },
      });
      await resolve(pair, { take: winner === 'local' ? 'container' : 'local' });
      expect(names(pair.container)).toEqual(
        winner === 'container' ? ['p', 'p/a', 'p/in', 'p/in/b', 'q'] : ['p', 'q'],
      );
    },
  );

  it('many at once; of several at one path the last decides', async () => {
    const pair = await conflicting('local', {
      mine: { a: '1', b: '1' },
      theirs: { a: 'old', b: 'old' },
    });
    await pair.session.pause();
    fs.writeFileSync(join(pair.local, 'a'), '2');
    fs.writeFileSync(join(pair.container, 'a'), 'new');
    await pair.session.resume();
    await pair.same();
    const ids = pair.session.status().conflicts.map(({ id }) => id);
    expect(ids).toHaveLength(3);
    const { failed } = await pair.session.resolve({ conflicts: ids, take: 'container' });
    expect(failed).toEqual([]);
    await pair.same();
    expect([read(pair.local, 'a'), read(pair.local, 'b')]).toEqual(['new', 'old']);
    expect(pair.session.status().conflicts).toEqual([]);
  });
});

it('what the container must not write is not taken from it', async () => {
  const pair = await startPair({ options: { git: true } });
  await pair.session.pause();
  makeTree(pair.local, { '.git/config': 'mine' });
  makeTree(pair.container, { '.git/config': 'theirs' });
  await pair.session.resume();
  await pair.same();
  const { failed } = await pair.session.resolve({
    conflicts: [only(pair).id],
    take: 'container',
  });
  expect(failed).toMatchObject([{ path: '.git/config', error: { code: 'PERMISSION' } }]);
  expect(read(pair.local, '.git/config')).toBe('mine');
});

it('both sides and the base can be looked at', async () => {
  const pair = await conflicting('manual', { before: { f: 'base' }, ...files });
  const decode = (content: string | undefined) => Buffer.from(content ?? '', 'base64').toString();
  const { local, container, base } = await pair.session.contents('f');
  expect([local, container, base].map(({ content }) => decode(content))).toEqual([
    'mine',
    'theirs',
    'base',
  ]);
  expect((await pair.session.contents('none')).local).toEqual({ entry: null });
});

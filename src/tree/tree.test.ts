import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from './entry.ts';
import { isWithin, parentPath } from './path.ts';
import { digestOf, directory, file, link } from './testing.ts';
import { Tree } from './tree.ts';

describe('Tree', () => {
  test('counts files, directories and bytes as they come and go', () => {
    const tree = Tree.from([
      ['d', directory()],
      ['d/a', file('four')],
      ['d/l', link('a')],
      ['top', file('x')],
    ]);
    expect([tree.files, tree.directories, tree.bytes]).toEqual([3, 1, 5]);
    tree.set('d', null);
    expect([tree.files, tree.directories, tree.bytes]).toEqual([1, 0, 1]);
    expect(tree.get('d/a')).toBeNull();
  });

  test('a directory keeps what is in it when it is set again, a file in its place drops it', () => {
    const tree = Tree.from([
      ['d', directory()],
      ['d/a', file('a')],
    ]);
    tree.set('d', directory(0o700));
    expect(tree.get('d')).toEqual(directory(0o700));
    expect([...tree.names('d')]).toEqual(['a']);
    tree.set('d', file('now a file'));
    expect([...tree.entries()].map(([path]) => path)).toEqual(['d']);
    expect([...tree.names('d')]).toEqual([]);
    expect(tree.findDigest(digestOf('a'))).toBeUndefined();
  });

  test('takes entries in directories only; removing what is not there is nothing', () => {
    const tree = Tree.from([['f', file('f')]]);
    expect(() => tree.set('f/x', file('x'))).toThrow(/directories only/);
    expect(() => tree.set('gone/x', file('x'))).toThrow(/directories only/);
    expect(() => tree.set('', directory())).toThrow(/directories only/);
    tree.set('f/x', null);
    tree.set('gone/x', null);
    expect(tree.files).toBe(1);
  });

  test('the root is no entry, and an empty name stands for nothing', () => {
    const tree = Tree.from([['f', file('f')]]);
    expect(tree.get('')).toBeNull();
    expect([...tree.names('')]).toEqual(['f']);
    expect(tree.get('f/')).toBeNull();
  });

  test('finds another file of a digest when the indexed one goes', () => {
    const tree = Tree.from(['a', 'b', 'c'].map((name) => [name, file('same')] as const));
    tree.set('a', null);
    expect(['b', 'c']).toContain(tree.findDigest(digestOf('same')));
    tree.set('b', file('other'));
    tree.set('c', directory());
    expect(tree.findDigest(digestOf('same'))).toBeUndefined();
    expect(tree.findDigest(digestOf('other'))).toBe('b');
  });

  test('finds the files of one digest in one directory until the last one goes', () => {
    const tree = Tree.from(['a', 'b'].map((name) => [name, file('same')] as const));
    for (const gone of ['a', 'b']) {
      expect(tree.get(tree.findDigest(digestOf('same')) as string)).toEqual(file('same'));
      tree.set(gone, file('same', { mtime: 1 }));
      expect(tree.findDigest(digestOf('same'))).toBeDefined();
      tree.set(gone, null);
    }
    expect(tree.findDigest(digestOf('same'))).toBeUndefined();
  });

  test('repairs the index by itself when thousands of shared digests are lost', () => {
    const tree = new Tree();
    tree.set('d', directory());
    for (let i = 0; i < 3000; i++) {
      tree.set(`d/${i}`, file(`text ${i}`));
      tree.set(`copy-${i}`, file(`text ${i}`));
    }
    tree.set('d', null);
    for (let i = 0; i < 3000; i++) expect(tree.findDigest(digestOf(`text ${i}`))).toBe(`copy-${i}`);
  });

  test('behaves like a plain map of paths', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'a name that is longer than a dozen', 'é'), {
      minLength: 1,
      maxLength: 3,
    });
    const entry = fc.constantFrom<Entry | null>(
      null,
      directory(),
      link('t'),
      file('one'),
      file('two'),
      file('one'),
    );
    const step = fc.record({ path: names.map((parts) => parts.join('/')), entry });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const tree = new Tree();
        const model = new Map<string, Entry>();
        for (const { path, entry } of steps) {
          const parent = parentPath(path);
          if (parent !== '' && model.get(parent)?.kind !== 'directory') continue;
          tree.set(path, entry);
          const keeps = entry?.kind === 'directory' && model.get(path)?.kind === 'directory';
          if (!keeps) for (const at of [...model.keys()]) if (isWithin(path, at)) model.delete(at);
          if (entry !== null) model.set(path, entry);
          checkSame(tree, model);
        }
      }),
    );
  });
});

function checkSame(tree: Tree, model: ReadonlyMap<string, Entry>): void {
  const rows = [...tree.entries()];
  expect(new Map(rows)).toEqual(model);
  const seen = new Set(['']);
  for (const [path] of rows) {
    expect(seen).toContain(parentPath(path));
    seen.add(path);
  }
  const files = [...model.values()].filter((entry) => entry.kind === 'file');
  expect(tree.bytes).toBe(files.reduce((sum, entry) => sum + entry.size, 0));
  expect(tree.files + tree.directories).toBe(model.size);
  for (const digest of [digestOf('one'), digestOf('two')]) {
    const found = tree.findDigest(digest);
    const there = files.some((entry) => entry.digest === digest);
    expect(found === undefined ? undefined : model.get(found)).toEqual(
      there ? expect.objectContaining({ digest }) : undefined,
    );
  }
}

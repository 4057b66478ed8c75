/** Invariant 6: ignoring never deletes, and what is let in again is told. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { openScanned, testOptions } from './testing.ts';

test('a new rule drops paths silently; taking it back tells them', async () => {
  const root = temporaryDirectory();
  makeTree(root, { 'a/log/1': 'x', 'a/log/2': 'x', 'a/b': 'x', 'log/1': 'x' });
  const told = await openScanned({ root });
  fs.writeFileSync(`${root}/a/.gitignore`, 'log\n');
  await told.replica.drain();
  expect(told.changes.map(({ path }) => path)).toEqual(['a/.gitignore']);
  expect(Buffer.from(told.changes[0]?.bytes ?? []).toString()).toBe('log\n');
  told.forget();
  fs.writeFileSync(`${root}/a/log/1`, 'changed');
  fs.rmSync(`${root}/a/log/2`);
  await told.replica.drain();
  expect(told.changes).toEqual([]);
  fs.rmSync(`${root}/a/.gitignore`);
  await told.replica.drain();
  expect(told.changes.map(({ path, look }) => [path, look?.kind])).toEqual(
    expect.arrayContaining([
      ['a/.gitignore', undefined],
      ['a/log', 'directory'],
      ['a/log/1', 'file'],
    ]),
  );
  expect(told.changes).toHaveLength(3);
});

test('an ignored directory is not watched', async () => {
  const root = temporaryDirectory();
  makeTree(root, { '.gitignore': 'node_modules\n', 'node_modules/m/index.js': 'x', 'src/f': 'x' });
  const watched: string[] = [];
  const watch = ((path: fs.PathLike, ...rest: unknown[]) => {
    watched.push(String(path).slice(root.length));
    return (fs.watch as (...args: unknown[]) => fs.FSWatcher)(path, ...rest);
  }) as typeof fs.watch;
  await openScanned({ root, fs: { ...fs, watch } });
  expect(watched).toEqual(['', '/src']);
});

test('an ignore file that ignores itself counts all the same', async () => {
  const root = temporaryDirectory();
  makeTree(root, { 'venv/.gitignore': '*\n', 'venv/bin/python': 'x' });
  const told = await openScanned({ root });
  expect([...told.told.keys()]).toEqual(['venv']);
  fs.writeFileSync(`${root}/venv/.gitignore`, '\n');
  await told.replica.drain();
  expect([...told.told.keys()].sort()).toEqual([
    'venv',
    'venv/.gitignore',
    'venv/bin',
    'venv/bin/python',
  ]);
});

test('rules that came with a directory go with it', async () => {
  const root = temporaryDirectory();
  makeTree(root, { 'a/.caiignore': 'x\n', 'a/x': '1' });
  const told = await openScanned({ root });
  fs.renameSync(`${root}/a`, `${root}/b`);
  makeTree(root, { 'a/x': '2', 'b/y': '3' });
  await told.replica.drain();
  expect([...told.told.keys()].sort()).toEqual(['a', 'a/x', 'b', 'b/.caiignore', 'b/y']);
});

test('other rules from the configuration count from the scan that follows', async () => {
  const root = temporaryDirectory();
  makeTree(root, { a: '1', b: '2', '.gitignore': 'c\n', c: '3' });
  const told = await openScanned({ root });
  await told.replica.configure({
    ...testOptions,
    rules: { ...testOptions.rules, ignore: ['a'], gitignore: false },
  });
  fs.writeFileSync(`${root}/a`, 'changed');
  await told.scan();
  await told.replica.drain();
  expect([...told.told.keys()].sort()).toEqual(['.gitignore', 'b', 'c']);
  expect(told.changes).toEqual([]);
});

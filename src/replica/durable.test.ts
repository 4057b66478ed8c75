import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { createDurable } from './durable.ts';
import { type FsPort, realFs } from './fs-port.ts';

/** File system calls that note what is opened; only what is made durable is, here. */
function noting(opened: string[]): FsPort {
  return {
    ...realFs,
    openSync: (...args: Parameters<FsPort['openSync']>) => {
      opened.push(String(args[0]));
      return realFs.openSync(...args);
    },
  } as FsPort;
}

/** Programs are looked for only in a directory that has no `sync`, or one that notes its arguments. */
function usePath(program?: string): string {
  const bin = temporaryDirectory();
  if (program !== undefined) writeFileSync(join(bin, 'sync'), program, { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = bin;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  return bin;
}

test('everything: one sync of the file system, whoever wrote', async () => {
  const root = temporaryDirectory();
  usePath(`#!/bin/sh\necho "$*" >> "${root}/calls"\n`);
  const opened: string[] = [];
  const durable = createDurable({ fs: noting(opened), root });
  await durable.flush({ all: () => ['a', 'b'] });
  expect(realFs.readFileSync(`${root}/calls`, 'utf8')).toBe(`-f ${root}\n`);
  expect(opened).toEqual([]);
  await durable.flush();
  expect(realFs.readFileSync(`${root}/calls`, 'utf8')).toBe(`-f ${root}\n`);
});

test('everything, where there is no sync: each path by itself', async () => {
  const root = temporaryDirectory();
  makeTree(root, { a: '1', 'd/b': '2' });
  mkdirSync(join(root, 'empty'));
  usePath();
  const opened: string[] = [];
  const durable = createDurable({ fs: noting(opened), root });
  await durable.flush({ all: () => ['', 'a', 'd', 'd/b', 'empty', 'gone'] });
  const below = ['a', 'd', 'd/b', 'empty', 'gone'].map((path) => join(root, path));
  expect(opened.sort()).toEqual([root, ...below].sort());
});

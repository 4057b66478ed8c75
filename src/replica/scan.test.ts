/** What a scan tells, in which order, and what it does not do again. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { parentPath } from '../tree/path.ts';
import type { FsPort } from './fs-port.ts';
import {
  diskLines,
  faultyFs,
  openScanned,
  openTest,
  take,
  testOptions,
  toldLines,
} from './testing.ts';

test('a directory comes before what is in it, ignore files before the rest, with contents', async () => {
  const root = temporaryDirectory();
  makeTree(root, {
    'a/b/c': 'deep',
    'a/.gitignore': 'skipped\n',
    'a/skipped/x': '',
    large: Buffer.alloc(70_000),
    link: { link: 'a/b' },
  });
  const told = await openTest({ root });
  const { rows, ...summary } = await told.scan();
  expect(summary).toEqual({ files: 3, directories: 2, bytes: 70_012, secrets: [] });
  const paths = rows.map((row) => row.path);
  expect([...paths].sort()).toEqual(['a', 'a/.gitignore', 'a/b', 'a/b/c', 'large', 'link']);
  for (const [index, path] of paths.entries()) {
    if (parentPath(path) !== '') expect(paths.slice(0, index)).toContain(parentPath(path));
  }
  expect(paths.indexOf('a/.gitignore')).toBeLessThan(paths.indexOf('a/b'));
  const contents = Object.fromEntries(
    rows.map(({ path, bytes }) => [path, bytes && Buffer.from(bytes).toString()]),
  );
  expect(contents).toMatchObject({
    'a/b/c': 'deep',
    'a/.gitignore': 'skipped\n',
    large: undefined,
  });
});

test('ignore files have their content even when contents are not asked for', async () => {
  const root = temporaryDirectory();
  makeTree(root, { '.gitignore': 'x\n', f: 'f' });
  const told = await openTest({ root });
  const rows = new Map<string, Uint8Array | undefined>();
  await told.replica.scan({
    onRows: (batch) => {
      for (const { path, bytes } of batch) rows.set(path, bytes);
    },
  });
  expect(Buffer.from(rows.get('.gitignore') ?? []).toString()).toBe('x\n');
  expect(rows.get('f')).toBeUndefined();
});

test('a second scan reads no file whose signature is proof', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 100; n += 1) fs.writeFileSync(`${root}/${n}`, `${n}`);
  const { fs: port, calls } = faultyFs();
  const told = await openScanned({ root, fs: port });
  expect(calls.get('openSync')).toBeGreaterThanOrEqual(100);
  // The files were written just before the first scan, too recently to be sure.
  await waitFor(async () => {
    calls.clear();
    await told.scan();
    return calls.get('openSync') === undefined;
  });
  expect(told.told.size).toBe(100);
});

test('a change within the tick of the last look is seen', async () => {
  const root = temporaryDirectory();
  const told = await openTest({ root });
  for (let n = 0; n < 200; n += 1) {
    fs.writeFileSync(`${root}/f`, `a${n % 10}`);
    await told.scan();
    fs.writeFileSync(`${root}/f`, `b${n % 10}`);
    const { rows } = await told.scan();
    expect(Buffer.from(rows[0]?.bytes ?? []).toString()).toBe(`b${n % 10}`);
  }
});

test('secrets are named, in part scans those of the part', async () => {
  const root = temporaryDirectory();
  makeTree(root, { '.env': 'x', 'a/id_rsa': 'x', 'a/f': 'x', '.env.example': 'x' });
  const told = await openTest({ root });
  expect((await told.scan()).secrets).toEqual(['.env', 'a/id_rsa']);
  const rows: string[] = [];
  const part = await told.replica.scan({
    path: 'a',
    onRows: (batch) => {
      for (const { path } of batch) rows.push(path);
    },
  });
  expect(part.secrets).toEqual(['a/id_rsa']);
  expect(rows).toEqual(['a', 'a/f']);
  await told.replica.look(['.env']);
  fs.rmSync(`${root}/.env`);
  fs.writeFileSync(`${root}/a/.netrc`, 'x');
  await told.replica.drain();
  expect(told.events).toEqual(
    expect.arrayContaining([
      { type: 'secret', path: '.env', present: false },
      { type: 'secret', path: 'a/.netrc', present: true },
    ]),
  );
  expect(told.changes).toEqual([]);
});

test('what cannot be read is blocked, never absent or empty', async () => {
  const root = temporaryDirectory();
  makeTree(root, { 'closed/f': 'x', 'broken/f': 'x', file: 'x', other: 'x' });
  const faulty = faultyFs();
  const told = await openScanned({ root, fs: faulty.fs });
  expect(told.told.size).toBe(6);
  faulty.fail = (call, path) => {
    if (call === 'readdirSync' && path.includes('/closed')) return 'EACCES';
    if (call === 'readdirSync' && path.includes('/broken')) return 'EIO';
    if (call === 'lstatSync' && path.endsWith('/other')) return 'EIO';
    return call === 'openSync' && path.includes('/file') ? 'EACCES' : undefined;
  };
  fs.writeFileSync(`${root}/file`, 'changed');
  await told.scan();
  expect(toldLines(told.told)).toEqual([
    'broken blocked unreadable',
    'closed blocked unreadable',
    'file blocked unreadable',
    'other blocked unreadable',
  ]);
  told.forget();
  await told.replica.look(['closed', 'closed/f', 'other']);
  await told.replica.drain();
  expect(told.changes.filter((change) => change.look === null)).toEqual([]);
  faulty.fail = undefined;
  await told.replica.look(['closed', 'broken', 'file', 'other']);
  expect(toldLines(told.told).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'broken directory',
    'broken/f file',
    'closed directory',
    'closed/f file',
    'file file',
    'other file',
  ]);
});

test('too large files are blocked', async () => {
  const root = temporaryDirectory();
  makeTree(root, { large: 'x'.repeat(101), small: 'x'.repeat(100) });
  const told = await openScanned({ root, options: { ...testOptions, maxFileSize: 100 } });
  expect(told.told.get('large')).toMatchObject({ kind: 'blocked', why: 'too-large' });
  expect(told.told.get('small')).toMatchObject({ kind: 'file' });
});

test('batches are bounded, and the scan waits until they are taken', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 600; n += 1) fs.writeFileSync(`${root}/${n}`, Buffer.alloc(10_000, n));
  const told = await openTest({ root });
  const sizes: number[] = [];
  let taking = 0;
  await told.replica.scan({
    contents: true,
    onRows: async (rows) => {
      taking += 1;
      expect(taking).toBe(1);
      sizes.push(rows.reduce((sum, row) => sum + (row.bytes?.length ?? 0), 0));
      await new Promise((resolve) => setImmediate(resolve));
      taking -= 1;
    },
  });
  expect(Math.max(...sizes)).toBeLessThan(2 * 1024 * 1024);
  expect(sizes.length).toBeGreaterThan(4);
});

test('apply and look go on while the rows of a scan are taken', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 300; n += 1) fs.writeFileSync(`${root}/${n}`, `${n}`);
  const told = await openTest({ root });
  let made = false;
  await told.replica.scan({
    onRows: async () => {
      if (made) return;
      made = true;
      const [outcome] = await told.replica.apply([
        { type: 'mkdir', path: 'made', expect: null, entry: { kind: 'directory', mode: 0o755 } },
      ]);
      expect(outcome?.result).toBe('done');
    },
  });
  expect(made).toBe(true);
  await told.replica.drain();
  await told.scan();
  expect(told.told.has('made')).toBe(true);
});

/** A directory `b` that goes right before `directory` is read, and comes again right after. */
async function openFlickering(directory: string) {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/b`);
  let flickers = false;
  const readdirSync = (path: string, ...more: []): unknown => {
    if (!flickers || path.toString() !== join(root, directory))
      return fs.readdirSync(path, ...more);
    flickers = false;
    fs.rmdirSync(`${root}/b`);
    try {
      return fs.readdirSync(path, ...more);
    } finally {
      fs.mkdirSync(`${root}/b`);
    }
  };
  const told = await openScanned({ root, fs: { ...fs, readdirSync } as unknown as FsPort });
  flickers = true;
  return { root, told, flickered: () => !flickers };
}

test.each([
  { what: 'itself', directory: 'b' },
  { what: 'the one it is in', directory: '' },
])('a directory that went, and came back while a scan read $what, is told', async (row) => {
  const { root, told, flickered } = await openFlickering(row.directory);
  await told.scan();
  expect(flickered()).toBe(true);
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual(diskLines(root));
});

test('what a look told during a scan, and the scan found gone, is told to be gone', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 300; n += 1) fs.writeFileSync(`${root}/${n}`, `${n}`);
  const told = await openScanned({ root });
  let made = false;
  told.told.clear();
  await told.replica.scan({
    onRows: async (rows) => {
      for (const { path, look } of rows) take(told.told, path, look);
      if (made) return;
      made = true;
      fs.mkdirSync(`${root}/new`);
      fs.writeFileSync(`${root}/new/file`, 'x');
      await told.replica.look(['new']);
      expect([...told.told.keys()]).toEqual(expect.arrayContaining(['new', 'new/file']));
      fs.rmSync(`${root}/new`, { recursive: true });
    },
  });
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual(diskLines(root));
});

test.each([
  { part: 'a', gone: 'a/b/f' },
  { part: 'a', gone: 'a/b' },
  { part: 'a/b', gone: 'a/b' },
  { part: 'a/f', gone: 'a/f' },
  { part: '', gone: 'a' },
])('what is gone since it was told is told by a scan of "$part": $gone', async ({ part, gone }) => {
  const root = temporaryDirectory();
  makeTree(root, { 'a/b/f': 'f', 'a/f': 'f', 'a/g': 'g' });
  const told = await openScanned({ root });
  fs.rmSync(`${root}/${gone}`, { recursive: true });
  await told.replica.scan({
    path: part,
    onRows: (rows) => {
      for (const { path, look } of rows) take(told.told, path, look);
    },
  });
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual(diskLines(root));
});

test('a cancelled scan ends, and asks for another', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 300; n += 1) fs.writeFileSync(`${root}/${n}`, `${n}`);
  const told = await openScanned({ root });
  const control = new AbortController();
  const scanning = told.replica.scan({ onRows: () => control.abort(), signal: control.signal });
  await expect(scanning).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(told.events).toEqual([{ type: 'rescan-needed', reason: 'a scan ended early' }]);
});

test('a scan ends with its replica, and watches nothing any more', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 300; n += 1) fs.writeFileSync(`${root}/${n}`, `${n}`);
  makeTree(root, { 'd/f': 'f' });
  const faulty = faultyFs();
  const { replica } = await openTest({ root, fs: faulty.fs });
  const closing: Promise<void>[] = [];
  const scanning = replica.scan({ onRows: () => void closing.push(replica.close()) });
  await expect(scanning).rejects.toMatchObject({ code: 'LINK' });
  await Promise.all(closing);
  // The root alone: its watch went with the replica.
  expect(faulty.calls.get('watch')).toBe(1);
});

test('a root that is no directory is refused with its reason', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, '');
  await expect(openTest({ root: `${root}/f` })).rejects.toMatchObject({ code: 'ROOT' });
  await expect(openTest({ root: `${root}/missing` })).rejects.toMatchObject({ code: 'ROOT' });
});

test('a root that may not be read is refused with its reason', async () => {
  const faulty = faultyFs();
  faulty.fail = (call) => (call === 'accessSync' ? 'EACCES' : undefined);
  const opening = openTest({ fs: faulty.fs });
  await expect(opening).rejects.toMatchObject({
    code: 'ROOT',
    message: expect.stringContaining('cannot be read'),
  });
});

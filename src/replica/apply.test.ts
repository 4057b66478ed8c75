/** Every action under its precondition: done as asked, or nothing done and the truth told. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import type { Entry } from '../tree/entry.ts';
import type { Action } from './replica.ts';
import {
  diskLines,
  entryOf,
  openScanned,
  openTest,
  readAll,
  removeOf,
  stagingFiles,
  testOptions,
  toldLines,
  writeOf,
} from './testing.ts';

const directory: Entry = { kind: 'directory', mode: 0o755 };

test('a new file: content, time, permissions; told as the disk has it and not told again', async () => {
  const told = await openScanned();
  const outcome = await told.applyOne(writeOf('f', null, 'new'));
  expect(outcome).toEqual({
    path: 'f',
    result: 'done',
    now: expect.objectContaining({ kind: 'file' }),
  });
  expect(fs.readFileSync(`${told.root}/f`, 'utf8')).toBe('new');
  const stat = fs.statSync(`${told.root}/f`);
  expect(Math.floor(stat.mtimeMs)).toBe(1_700_000_000_123);
  expect(outcome.now).toMatchObject({ mtime: stat.mtimeMs, mode: 0o644, size: 3 });
  await told.replica.drain();
  expect(told.changes).toEqual([]);
  expect(stagingFiles(told.root)).toEqual([]);
});

test('a file over another keeps the other until it is released', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, 'old', { mode: 0o640 });
  const told = await openScanned({ root });
  const outcome = await told.applyOne(writeOf('f', 'old', 'new'));
  expect(outcome).toMatchObject({ result: 'done', kept: { path: 'f', expected: true } });
  expect(outcome.kept?.entry).toMatchObject({ digest: entryOf('old').digest, mode: 0o640 });
  expect(fs.readFileSync(`${root}/f`, 'utf8')).toBe('new');
  expect(fs.statSync(`${root}/f`).mode & 0o777).toBe(0o640);
  const id = outcome.kept?.id as string;
  expect(await readAll(told.replica.readKept(id))).toBe('old');
  expect(await told.replica.release([id])).toEqual([]);
  expect(stagingFiles(root)).toEqual([]);
  await told.replica.drain();
  expect(told.changes).toEqual([]);
});

test('removals keep what they take; what is gone already is done', async () => {
  const root = temporaryDirectory();
  makeTree(root, { 'd/f': 'x', l: { link: 'd/f' } });
  const told = await openScanned({ root });
  const link: Entry = { kind: 'link', target: 'd/f' };
  const outcomes = await told.replica.apply([
    removeOf('d/f', 'x'),
    { type: 'remove', path: 'd', expect: directory },
    { type: 'remove', path: 'l', expect: link },
    removeOf('d/f', 'x'),
    removeOf('gone', 'x'),
  ]);
  expect(outcomes.map(({ result, now }) => [result, now])).toEqual(Array(5).fill(['done', null]));
  expect(await readAll(told.replica.readKept(outcomes[0]?.kept?.id as string))).toBe('x');
  expect(outcomes[2]?.kept?.entry).toEqual(link);
  expect(fs.readdirSync(root).filter((name) => !name.startsWith('.cai-'))).toEqual([]);
  await told.replica.drain();
  expect(told.changes).toEqual([]);
});

test('directories, links and attributes', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, 'x', { mode: 0o640 });
  const told = await openScanned({ root });
  const outcomes = await told.replica.apply([
    { type: 'mkdir', path: 'd', expect: null, entry: { kind: 'directory', mode: 0o755 } },
    { type: 'mkdir', path: 'd', expect: null, entry: { kind: 'directory', mode: 0o755 } },
    { type: 'mkdir', path: 'd/private', expect: null, entry: { kind: 'directory', mode: 0o700 } },
    { type: 'link', path: 'd/l', expect: null, entry: { kind: 'link', target: '../f' } },
    {
      type: 'attributes',
      path: 'f',
      expect: entryOf('x'),
      entry: entryOf('x', { executable: true }),
    },
  ]);
  expect(outcomes.map(({ result }) => result)).toEqual(Array(5).fill('done'));
  expect(fs.readlinkSync(`${root}/d/l`)).toBe('../f');
  expect(fs.statSync(`${root}/d/private`).mode & 0o777).toBe(0o700);
  expect(fs.statSync(`${root}/f`).mode & 0o777).toBe(0o750);
  expect(Math.floor(fs.statSync(`${root}/f`).mtimeMs)).toBe(1_700_000_000_123);
  fs.writeFileSync(`${root}/d/later`, 'a file in the new directory is noticed');
  await told.replica.drain();
  expect(told.changes.map(({ path }) => path)).toEqual(['d/later']);
});

test('never set-id bits; all nine bits on request', async () => {
  const told = await openScanned({ options: { ...testOptions, modes: 'full' } });
  await told.replica.apply([
    { ...writeOf('f', null, 'x'), entry: entryOf('x', { mode: 0o6711, executable: true }) },
    { ...writeOf('g', null, 'y'), entry: entryOf('y', { mode: 0o604 }) },
  ]);
  expect(fs.statSync(`${told.root}/f`).mode & 0o7777).toBe(0o711);
  expect(fs.statSync(`${told.root}/g`).mode & 0o7777).toBe(0o604);
});

test.runIf(process.getuid?.() === 0)(
  'what is new belongs to the owner of the root, what is replaced to whom it did',
  async () => {
    const root = temporaryDirectory();
    fs.writeFileSync(`${root}/f`, 'old');
    fs.chownSync(`${root}/f`, 1234, 1235);
    fs.chownSync(root, 1000, 1001);
    const told = await openScanned({ root });
    await told.replica.apply([
      writeOf('f', 'old', 'new'),
      writeOf('n', null, 'new'),
      { type: 'mkdir', path: 'd', expect: null, entry: { kind: 'directory', mode: 0o755 } },
      { type: 'link', path: 'd/l', expect: null, entry: { kind: 'link', target: '../f' } },
    ]);
    const owners = ['f', 'n', 'd', 'd/l'].map((path) => {
      const { uid, gid } = fs.lstatSync(`${root}/${path}`);
      return [path, uid, gid];
    });
    expect(owners).toEqual([
      ['f', 1234, 1235],
      ['n', 1000, 1001],
      ['d', 1000, 1001],
      ['d/l', 1000, 1001],
    ]);
  },
);

const kinds: Record<string, (path: string) => void> = {
  nothing: () => {},
  file: (path) => fs.writeFileSync(path, 'expected'),
  'other file': (path) => fs.writeFileSync(path, 'surprise'),
  link: (path) => fs.symlinkSync('target', path),
  'other link': (path) => fs.symlinkSync('elsewhere', path),
  'link outside': (path) => fs.symlinkSync('/etc/passwd', path),
  directory: (path) => fs.mkdirSync(path),
  'full directory': (path) => {
    fs.mkdirSync(path);
    fs.writeFileSync(`${path}/f`, 'x');
  },
};

const expectations: Record<string, Entry | null> = {
  nothing: null,
  file: entryOf('expected'),
  link: { kind: 'link', target: 'target' },
  directory,
};

const actions: Record<string, (expect: Entry | null) => Action | undefined> = {
  write: (expect) => ({ ...writeOf('p', null, 'written'), expect }),
  link: (expect) => ({ type: 'link', path: 'p', expect, entry: { kind: 'link', target: 'new' } }),
  mkdir: (expect) => ({
    type: 'mkdir',
    path: 'p',
    expect,
    entry: { kind: 'directory', mode: 0o755 },
  }),
  remove: (expect) => (expect === null ? undefined : { type: 'remove', path: 'p', expect }),
  attributes: (expect) =>
    expect?.kind === 'file'
      ? { type: 'attributes', path: 'p', expect, entry: entryOf('expected') }
      : undefined,
};

/** What each action does where it is free to. */
const done: Record<string, string[]> = {
  write: [`p file ${entryOf('written').digest.slice(0, 12)} false`],
  link: ['p link new'],
  mkdir: ['p directory'],
  remove: [],
  attributes: [`p file ${entryOf('expected').digest.slice(0, 12)} false`],
};

function lines(root: string): string[] {
  return diskLines(root).map((line) => line.split(' ').slice(0, 4).join(' '));
}

for (const [action, make] of Object.entries(actions)) {
  for (const looked of [true, false]) {
    test(`${action}: each expectation against each thing there, ${looked ? 'known' : 'new since the last look'}`, async () => {
      for (const [expected, expect_] of Object.entries(expectations)) {
        const asked = make(expect_);
        if (asked === undefined) continue;
        for (const [present, put] of Object.entries(kinds)) {
          await tryOne({ asked, action, expected, present, put, looked });
        }
      }
    });
  }
}

interface Case {
  readonly asked: Action;
  readonly action: string;
  readonly expected: string;
  readonly present: string;
  readonly put: (path: string) => void;
  readonly looked: boolean;
}

async function tryOne({ asked, action, expected, present, put, looked }: Case): Promise<void> {
  const told = await openTest();
  if (looked) put(`${told.root}/p`);
  await told.scan();
  if (!looked) put(`${told.root}/p`);
  const before = lines(told.root);
  const outcome = await told.applyOne(asked);
  const name = `${action} expecting ${expected}, there is ${present}`;
  const met = expected === present;
  const free = met || (action === 'remove' && present === 'nothing');
  const already = action === 'mkdir' && present.endsWith('directory');
  expect(outcome.result, name).toBe(free || already ? 'done' : 'missed');
  expect(lines(told.root), name).toEqual(free ? done[action] : before);
  // Whatever gave way is kept.
  const gaveWay =
    free && !already && action !== 'attributes' && (present === 'file' || present === 'link');
  expect(outcome.kept !== undefined, name).toBe(gaveWay);
  if (outcome.kept?.entry.kind === 'file') {
    expect(await readAll(told.replica.readKept(outcome.kept.id))).toBe('expected');
  }
  await told.replica.drain();
  const leave = (path: string): boolean => told.told.get(path)?.kind === 'blocked';
  told.told.delete('p');
  if (outcome.now !== null) told.told.set('p', outcome.now);
  expect(
    toldLines(told.told).filter((line) => !line.includes('blocked')),
    name,
  ).toEqual(diskLines(told.root, leave));
  await told.replica.release(outcome.kept === undefined ? [] : [outcome.kept.id]);
  expect(stagingFiles(told.root), name).toEqual([]);
  await told.replica.close();
}

test('a directory that keeps ignored names says which', async () => {
  const root = temporaryDirectory();
  makeTree(root, {
    '.gitignore': '*.log\n',
    'd/a.log': '',
    'd/b.log': '',
    'e/a.log': '',
    'e/f': '',
  });
  const told = await openScanned({ root });
  const [d, e] = await told.replica.apply([
    { type: 'remove', path: 'd', expect: directory },
    { type: 'remove', path: 'e', expect: directory },
  ]);
  expect(d).toMatchObject({ result: 'missed', now: { kind: 'directory' } });
  expect([...(d?.leftover ?? [])].sort()).toEqual(['a.log', 'b.log']);
  expect(e).toMatchObject({ result: 'missed', now: { kind: 'directory' } });
  expect(e?.leftover).toBeUndefined();
});

test('copies and moves come from the replica itself', async () => {
  const root = temporaryDirectory();
  const large = 'x'.repeat(400_000);
  makeTree(root, { small: 'small', large, moved: 'moved' });
  const told = await openScanned({ root });
  const inode = fs.statSync(`${root}/moved`).ino;
  const outcomes = await told.replica.apply([
    { ...writeOf('copy', null, 'small'), source: { from: 'copy', path: 'small' } },
    { ...writeOf('copy of large', null, large), source: { from: 'copy', path: 'large' } },
    { ...writeOf('target', null, 'moved'), source: { from: 'move', path: 'moved' } },
    removeOf('moved', 'moved'),
    { ...writeOf('wrong', null, 'other'), source: { from: 'copy', path: 'small' } },
    { ...writeOf('gone', null, 'moved'), source: { from: 'move', path: 'moved' } },
  ]);
  expect(outcomes.map(({ result }) => result)).toEqual([
    'done',
    'done',
    'done',
    'done',
    'failed',
    'failed',
  ]);
  expect(fs.readFileSync(`${root}/copy of large`, 'utf8')).toBe(large);
  expect(fs.statSync(`${root}/target`).ino).toBe(inode);
  expect(fs.existsSync(`${root}/moved`)).toBe(false);
  expect(outcomes.some(({ kept }) => kept !== undefined)).toBe(false);
  await told.replica.drain();
  expect(told.changes).toEqual([]);
  expect(stagingFiles(root)).toEqual([]);
});

test('large contents are staged, checked and placed', async () => {
  const told = await openScanned();
  const content = 'y'.repeat(300_000);
  const { digest, size } = entryOf(content);
  const chunks = async function* (text: string): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < text.length; at += 65_536) yield Buffer.from(text.slice(at, at + 65_536));
  };
  await told.replica.stage({ id: 'one', digest, size, path: 'big' }, chunks(content));
  const outcome = await told.applyOne({
    ...writeOf('big', null, content),
    source: { from: 'staged', id: 'one' },
  });
  expect(outcome.result).toBe('done');
  expect(fs.readFileSync(`${told.root}/big`, 'utf8')).toBe(content);
  for (const wrong of [content.slice(1), `${content}!`, content.replace('y', 'z')]) {
    const staging = told.replica.stage({ id: 'two', digest, size, path: 'big' }, chunks(wrong));
    await expect(staging).rejects.toMatchObject({ code: 'BUSY' });
  }
  await told.replica.stage({ id: 'three', digest, size, path: 'big' }, chunks(content));
  await told.replica.unstage('three');
  const again = await told.applyOne({
    ...writeOf('c', null, content),
    source: { from: 'staged', id: 'three' },
  });
  expect(again).toMatchObject({ result: 'failed', error: { code: 'BUSY' } });
  expect(stagingFiles(told.root)).toEqual([]);
});

test('nothing is written outside of the root or through a link', async () => {
  const outside = temporaryDirectory();
  const root = temporaryDirectory();
  makeTree(root, { out: { link: outside }, 'in/f': 'x', way: { link: 'in' } });
  const told = await openScanned({ root });
  const paths = [
    'out/f',
    '../f',
    '/etc/f',
    'a/../../f',
    '.',
    '',
    'a//b',
    'a\0b',
    '.cai-x',
    'd/.cai-x/y',
    'way/g',
  ];
  for (const path of paths) {
    const outcome = await told.applyOne(writeOf(path, null, 'evil'));
    expect(outcome.result, path).not.toBe('done');
  }
  expect(await told.applyOne(removeOf('way/f', 'x'))).toMatchObject({ result: 'done', now: null });
  for (const target of ['/etc', '../x', 'a/../../b', '']) {
    const entry: Entry = { kind: 'link', target };
    const outcome = await told.applyOne({ type: 'link', path: 'l', expect: null, entry });
    expect(outcome, target).toMatchObject({ result: 'failed', error: { code: 'PROTOCOL' } });
  }
  expect(fs.readdirSync(outside)).toEqual([]);
  expect(fs.readFileSync(`${root}/in/f`, 'utf8')).toBe('x');
  expect(fs.readdirSync(`${root}/in`)).toEqual(['f']);
});

test('contents are read with the digest that was asked for, or not at all', async () => {
  const root = temporaryDirectory();
  const large = 'z'.repeat(500_000);
  makeTree(root, { f: 'content', large, l: { link: 'f' } });
  const told = await openScanned({ root });
  const { digest } = entryOf('content');
  const results = await told.replica.readSmall([
    { path: 'f', digest },
    { path: 'f', digest: entryOf('other').digest },
    { path: 'l', digest },
    { path: 'missing', digest },
    { path: '../x', digest },
  ]);
  expect(
    results.map((result) => (result.ok ? Buffer.from(result.bytes).toString() : result.error.code)),
  ).toEqual(['content', 'BUSY', 'BUSY', 'BUSY', 'PROTOCOL']);
  const whole = entryOf(large);
  expect(await readAll(told.replica.read({ path: 'large', ...whole }))).toBe(large);
  fs.writeFileSync(`${root}/large`, large.replace('z', 'y'));
  await expect(readAll(told.replica.read({ path: 'large', ...whole }))).rejects.toMatchObject({
    code: 'BUSY',
  });
});

test('flush makes few and many files durable', async () => {
  const told = await openScanned();
  const writes = Array.from({ length: 250 }, (_, n) => writeOf(`${n}`, null, `${n}`));
  await told.replica.apply(writes.slice(0, 5));
  await told.replica.flush();
  await told.replica.apply(writes.slice(5));
  await Promise.all([told.replica.flush(), told.replica.flush()]);
  expect(fs.readdirSync(told.root).filter((name) => !name.startsWith('.'))).toHaveLength(250);
});

test('what is looked at after an apply is told after its outcome was acted on', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/g`, 'g');
  const told = await openScanned({ root });
  const order: string[] = [];
  told.replica.onEvent = (event) => order.push(event.type);
  const act = async (): Promise<void> => {
    await told.replica.apply([writeOf('f', null, 'new')]);
    // A caller behind promises of its own, as a session is.
    for (let hop = 0; hop < 50; hop += 1) await Promise.resolve();
    order.push('outcome');
  };
  await Promise.all([act(), told.replica.look(['f', 'g'])]);
  expect(order).toEqual(['outcome', 'changes']);
});

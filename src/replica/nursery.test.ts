/** New directories come to their places whole; whoever gets in the way loses nothing. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { snapshot } from '../../test/support/tree.ts';
import { findBrood } from './nursery.ts';
import type { Action } from './replica.ts';
import {
  diskLines,
  faultyFs,
  openScanned,
  removeOf,
  stagingFiles,
  toldLines,
  writeOf,
} from './testing.ts';

function makeOf(path: string, mode = 0o755): Action {
  return { type: 'mkdir', path, expect: null, entry: { kind: 'directory', mode } };
}

/** `top` with three files, a directory below with one, and a name that is no UTF-8. */
const brood: readonly Action[] = [
  makeOf('top'),
  writeOf('top/a', null, 'one'),
  {
    ...writeOf('top/run', null, 'two'),
    entry: { ...writeOf('x', null, 'two').entry, executable: true },
  },
  makeOf('top/sub', 0o700),
  writeOf('top/sub/b', null, 'three'),
  writeOf('top/n\udcff', null, 'four'),
] as const;

test('which actions belong together', () => {
  expect(findBrood(brood, 0)).toEqual(brood);
  expect(findBrood([writeOf('z', null, ''), ...brood, writeOf('other', null, '')], 1)).toEqual(
    brood,
  );
  expect(findBrood(brood, 1)).toBeUndefined();
  expect(findBrood(brood.slice(0, 3), 0)).toBeUndefined();
  // What replaces something, goes, or lies elsewhere ends it.
  for (const end of [
    writeOf('top/c', 'old', 'x'),
    removeOf('top/c', 'x'),
    writeOf('top/q/c', null, 'x'),
  ])
    expect(findBrood([...brood, end, writeOf('top/d', null, 'y')], 0)).toEqual(brood);
});

test('contents, permissions and times are right, and nothing is told that was not asked for', async () => {
  const faulty = faultyFs();
  const { replica, root, told, events, forget } = await openScanned({ fs: faulty.fs });
  forget();
  const outcomes = await replica.apply([...brood, writeOf('after', null, 'five')]);
  expect(outcomes.map(({ result }) => result)).toEqual(Array(7).fill('done'));
  // One file was linked to its place, the others came with their directory.
  expect(faulty.calls.get('linkSync')).toBe(1);
  for (const { path, now } of outcomes) told.set(path, now);
  expect(toldLines(told)).toEqual(diskLines(root));
  expect(snapshot(root).map(({ path, mode }) => [path, mode])).toEqual([
    ['after', 0o644],
    ['top', 0o755],
    ['top/a', 0o644],
    ['top/n\xff', 0o644],
    ['top/run', 0o755],
    ['top/sub', 0o700],
    ['top/sub/b', 0o644],
  ]);
  await replica.drain();
  expect(events).toEqual([]);
  expect(stagingFiles(root).filter((name) => name.startsWith('new-'))).toEqual([]);
  // They are watched from now on.
  fs.writeFileSync(join(root, 'top/sub/b'), 'edited');
  await replica.drain();
  expect(toldLines(told)).toEqual(diskLines(root));
});

const intrusions: Record<string, (top: string) => void> = {
  'makes the directory': (top) => fs.mkdirSync(top),
  'makes the directory and a file in it': (top) => {
    fs.mkdirSync(top, { recursive: true });
    fs.writeFileSync(join(top, 'theirs'), 'theirs');
  },
  'makes a file of that name': (top) => {
    if (!fs.existsSync(top)) fs.writeFileSync(top, 'theirs');
  },
  'writes into what is there': (top) => {
    fs.mkdirSync(top, { recursive: true });
    fs.writeFileSync(join(top, 'a'), 'theirs');
  },
  'takes it away': (top) => fs.rmSync(top, { recursive: true, force: true }),
  'moves it away': (top) => {
    if (fs.existsSync(top)) fs.renameSync(top, `${top}-moved`);
  },
};

for (const point of ['checked', 'placed'] as const) {
  for (const [what, intrude] of Object.entries(intrusions)) {
    test(`somebody ${what} when it is ${point}`, async () => {
      let root = '';
      let times = 0;
      const opened = await openScanned({
        probe: (at, path) => {
          if (at !== point || path !== 'top' || times > 0) return;
          times += 1;
          intrude(join(root, 'top'));
        },
      });
      root = opened.root;
      const outcomes = await opened.replica.apply(brood);
      expect(times).toBe(1);
      expect(outcomes.map(({ path }) => path)).toEqual(brood.map(({ path }) => path));
      for (const { path, now } of outcomes) {
        if (now === null) opened.told.delete(path);
        else opened.told.set(path, now);
      }
      const contents = snapshot(root).filter(({ type }) => type === 'file');
      if (what.includes('file') || what.includes('writes'))
        expect(contents.some(({ path }) => path === 'top' || /theirs|top\/a/.test(path))).toBe(
          true,
        );
      await opened.replica.drain();
      await opened.replica.look(['top', 'top-moved']);
      await opened.replica.drain();
      expect(toldLines(opened.told)).toEqual(diskLines(root));
      expect(stagingFiles(root).filter((name) => name.startsWith('new-'))).toEqual([]);
    });
  }
}

const laterIntrusions: Record<string, (top: string) => void> = {
  'writes into a file': (top) => fs.appendFileSync(join(top, 'a'), ' and theirs'),
  'writes as much into a file, and sets its time back': (top) => {
    const { atime, mtime } = fs.statSync(join(top, 'a'));
    fs.writeFileSync(join(top, 'a'), 'two');
    fs.utimesSync(join(top, 'a'), atime, mtime);
  },
  'replaces a file': (top) => {
    fs.writeFileSync(join(top, 'tmp'), 'theirs');
    fs.renameSync(join(top, 'tmp'), join(top, 'sub', 'b'));
  },
  'removes a file': (top) => fs.rmSync(join(top, 'a')),
  'adds files': (top) => {
    fs.writeFileSync(join(top, 'more'), 'more');
    fs.mkdirSync(join(top, 'sub', 'deep'));
    fs.writeFileSync(join(top, 'sub', 'deep', 'more'), 'more');
  },
  'moves it': (top) => fs.renameSync(top, `${top}-moved`),
  'moves what is in it': (top) => fs.renameSync(join(top, 'sub'), join(top, 'other')),
  'removes it and makes it again': (top) => {
    fs.rmSync(top, { recursive: true });
    fs.mkdirSync(top);
    fs.writeFileSync(join(top, 'a'), 'again');
  },
};

for (const [what, intrude] of Object.entries(laterIntrusions)) {
  test(`what somebody does when it has its place is told by itself: ${what}`, async () => {
    let root = '';
    const opened = await openScanned({
      probe: (at, path) => {
        if (at === 'placed' && path === 'top') intrude(join(root, 'top'));
      },
    });
    root = opened.root;
    for (const { path, now } of await opened.replica.apply(brood))
      if (now === null) opened.told.delete(path);
      else opened.told.set(path, now);
    await opened.replica.drain();
    expect(toldLines(opened.told)).toEqual(diskLines(root));
    // And so is what comes later, wherever the directories are by then.
    for (const { path, type } of snapshot(root))
      if (type === 'directory') fs.writeFileSync(join(root, path, 'later'), 'later');
    await opened.replica.drain();
    expect(toldLines(opened.told)).toEqual(diskLines(root));
  });
}

test('what cannot be made is told for itself, the rest is there', async () => {
  const { replica, root } = await openScanned();
  const wrong = {
    ...writeOf('top/wrong', null, 'x'),
    source: { from: 'bytes', bytes: Buffer.from('y') },
  };
  const outcomes = await replica.apply([...brood, wrong as Action]);
  expect(outcomes.map(({ result }) => result)).toEqual([...Array(6).fill('done'), 'failed']);
  expect(outcomes.at(-1)?.error?.code).toBe('PROTOCOL');
  expect(snapshot(root)).toHaveLength(6);
});

test('any system call may fail: each action has its outcome, and the disk is as they say', async () => {
  for (const call of ['mkdirSync', 'openSync', 'renameSync', 'writeSync', 'futimesSync'] as const) {
    for (const code of ['ENOSPC', 'EIO', 'EXDEV']) {
      const faulty = faultyFs();
      const { replica, root, told } = await openScanned({ fs: faulty.fs });
      let left = 1;
      faulty.fail = (name, paths) => {
        if (name !== call || paths.includes('owner') || left === 0) return undefined;
        left -= 1;
        return code;
      };
      for (const { path, now } of await replica.apply(brood)) if (now !== null) told.set(path, now);
      faulty.fail = undefined;
      await replica.drain();
      expect(toldLines(told)).toEqual(diskLines(root));
    }
  }
});

test('nothing is made through a link, or outside of the root', async () => {
  const { replica, root } = await openScanned();
  fs.mkdirSync(join(root, 'real'));
  fs.symlinkSync('real', join(root, 'link'));
  const through = brood.map((action) => ({ ...action, path: `link/${action.path}` }) as Action);
  const outside = brood.map((action) => ({ ...action, path: `../${action.path}` }) as Action);
  const own = brood.map((action) => ({ ...action, path: `.cai-x/${action.path}` }) as Action);
  for (const { result } of await replica.apply([...through, ...outside, ...own]))
    expect(result).not.toBe('done');
  expect(fs.readdirSync(join(root, 'real'))).toEqual([]);
});

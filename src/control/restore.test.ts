import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { smallDisk } from '../../test/support/small-disk.ts';
import type { Entry } from '../tree/entry.ts';
import { fromBytes } from '../tree/path.ts';
import { fakeRecord } from './fake-session.ts';
import { restoreVersion } from './restore.ts';
import { restoreOutside } from './restore-outside.ts';
import { openSessionStore } from './session-store.ts';
import { useState } from './test-state.ts';

function setup() {
  const top = useState('root');
  const root = join(top, 'root');
  const store = openSessionStore(fakeRecord({ local: root }));
  onTestFinished(() => store.close());
  function remember(path: string, entry: Entry): string {
    store.commit({
      base: [],
      events: [],
      versions: [{ path, side: 'container', time: 5, reason: 'replaced', entry }],
    });
    return (store.history({ limit: 1, path })[0] as { id: string }).id;
  }
  function rememberFile(path: string, text: string, mode = 0o644): string {
    const digest = store.contents.putBytes(Buffer.from(text));
    return remember(path, {
      kind: 'file',
      digest,
      size: text.length,
      executable: (mode & 0o100) !== 0,
      mode,
      mtime: 5,
    });
  }
  const file = (path: string) => readFileSync(join(root, path), 'utf8');
  const restore = (version: string, to?: string) =>
    restoreVersion({ store, root, version, ...(to === undefined ? {} : { to }) });
  const leftovers = () =>
    readdirSync(root, { recursive: true }).filter((name) => String(name).includes('.cai-'));
  return { top, root, store, remember, rememberFile, file, restore, leftovers };
}

describe('inside the root', () => {
  test('a file that is gone comes back with its mode, and its directories', async () => {
    const { root, rememberFile, file, restore } = setup();
    const id = rememberFile('a/b/run.sh', 'echo', 0o755);
    expect(await restore(id)).toEqual({ id, path: 'a/b/run.sh', kind: 'file' });
    expect(file('a/b/run.sh')).toBe('echo');
    expect(lstatSync(join(root, 'a/b/run.sh')).mode & 0o777).toBe(0o755);
  });

  test('what stood there goes into the history first, and restoring that goes back', async () => {
    const { root, store, rememberFile, file, restore, leftovers } = setup();
    writeFileSync(join(root, 'x'), 'new');
    const id = rememberFile('x', 'old');
    const { displaced } = await restore(id);
    expect(file('x')).toBe('old');
    expect(store.version(displaced as string)).toMatchObject({
      path: 'x',
      side: 'local',
      reason: 'restored',
      kept: true,
      entry: { size: 3 },
    });
    await restore(displaced as string);
    expect(file('x')).toBe('new');
    expect(leftovers()).toEqual([]);
  });

  test('to another place, over a link that stands there', async () => {
    const { root, store, rememberFile, file, restore } = setup();
    writeFileSync(join(root, 'other'), 'untouched');
    symlinkSync('other', join(root, 'y'));
    const { displaced } = await restore(rememberFile('x', 'old'), 'y');
    expect(lstatSync(join(root, 'y')).isFile()).toBe(true);
    expect([file('y'), file('other')]).toEqual(['old', 'untouched']);
    expect(store.version(displaced as string)?.entry).toEqual({ kind: 'link', target: 'other' });
    await restore(displaced as string);
    expect(readlinkSync(join(root, 'y'))).toBe('other');
  });

  test('an empty file, a directory, and a name that is not UTF-8', async () => {
    const { root, remember, rememberFile, file, restore } = setup();
    await restore(rememberFile('empty', ''));
    expect(file('empty')).toBe('');
    await restore(remember('dir', { kind: 'directory', mode: 0o755 }));
    expect(lstatSync(join(root, 'dir')).isDirectory()).toBe(true);
    await restore(rememberFile(fromBytes(Buffer.from([0x61, 0xff])), 'raw'));
    expect(
      readFileSync(Buffer.concat([Buffer.from(`${root}/a`), Buffer.from([0xff])]), 'utf8'),
    ).toBe('raw');
  });

  test('links on the way are not followed', async () => {
    const { top, root, rememberFile, restore, leftovers } = setup();
    mkdirSync(join(top, 'outside'));
    symlinkSync('../outside', join(root, 'd'));
    await expect(restore(rememberFile('d/x', 'evil'))).rejects.toMatchObject({
      code: 'IO',
      path: 'd',
    });
    expect(readdirSync(join(top, 'outside'))).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test('a directory in the place is left alone', async () => {
    const { root, rememberFile, restore, leftovers } = setup();
    mkdirSync(join(root, 'x'));
    await expect(restore(rememberFile('x', 'old'))).rejects.toMatchObject({
      code: 'IO',
      next: expect.stringContaining('--to'),
    });
    expect(lstatSync(join(root, 'x')).isDirectory()).toBe(true);
    expect(leftovers()).toEqual([]);
  });

  test('damaged content changes nothing', async () => {
    const { root, store, rememberFile, file, restore, leftovers } = setup();
    writeFileSync(join(root, 'x'), 'new');
    const id = rememberFile('x', 'old');
    const entry = store.version(id)?.entry as { digest: string };
    const content = store.contents.file(entry.digest) as string;
    chmodSync(content, 0o600);
    appendFileSync(content, '!');
    await expect(restore(id)).rejects.toMatchObject({ code: 'NO_VERSION' });
    expect(file('x')).toBe('new');
    expect(leftovers()).toEqual([]);
  });

  test('no such version; no root', async () => {
    const { root, rememberFile, restore } = setup();
    await expect(restore('777')).rejects.toMatchObject({ code: 'NO_VERSION' });
    const id = rememberFile('x', 'old');
    rmSync(root, { recursive: true });
    await expect(restore(id)).rejects.toMatchObject({ code: 'ROOT' });
    expect(existsSync(root)).toBe(false);
  });
});

test('outside the root nothing is overwritten unless it is forced', async () => {
  const { top, store, rememberFile } = setup();
  const version = rememberFile('x', 'old');
  const to = join(top, 'new/place/x');
  await restoreOutside({ store, version, to, force: false });
  expect(readFileSync(to, 'utf8')).toBe('old');
  writeFileSync(to, 'mine');
  await expect(restoreOutside({ store, version, to, force: false })).rejects.toMatchObject({
    code: 'IO',
    next: expect.stringContaining('--force'),
  });
  expect(readFileSync(to, 'utf8')).toBe('mine');
  await restoreOutside({ store, version, to, force: true });
  expect(readFileSync(to, 'utf8')).toBe('old');
  expect(readdirSync(join(top, 'new/place'))).toEqual(['x']);
});

describeNeeding(['mount'], 'on a full disk', () => {
  const page = 4096;
  /** All but the end of its last chunk fits beside a file of one page. */
  const text = 'x'.repeat(64 * page);

  test('a restore fails as a whole: what stood there stays', async () => {
    const { store, rememberFile } = setup();
    const root = smallDisk(64 * page);
    writeFileSync(join(root, 'x'), 'mine');
    const version = rememberFile('x', text);
    const restored = restoreVersion({ store, root, version });
    await expect(restored).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(readdirSync(root)).toEqual(['x']);
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('mine');
  });

  test('nothing comes to be outside of the root', async () => {
    const { store, rememberFile } = setup();
    const disk = smallDisk(63 * page);
    const input = { store, version: rememberFile('x', text), to: join(disk, 'x'), force: false };
    await expect(restoreOutside(input)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(readdirSync(disk)).toEqual([]);
  });
});

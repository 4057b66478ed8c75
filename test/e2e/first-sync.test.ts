/** The first meeting of two sides, and what travels with a file: bits, times, links, empty directories. */
import { chmodSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { fill, newRoot, watch } from '../support/session.ts';
import { type Made, makeTree, snapshot, temporaryDirectory } from '../support/tree.ts';

const old = new Date(1_600_000_000_500);

/** Something of every kind; `who` makes the contents differ. */
function project(who: string): Record<string, Made> {
  return {
    [`only-${who}/deep/er/file.txt`]: { content: `${who} alone\n`, mtime: old },
    [`only-${who}/run.sh`]: { content: '#!/bin/sh\n', mode: 0o755, mtime: old },
    [`only-${who}/link`]: { link: 'deep/er/file.txt' },
    [`only-${who}/dangling`]: { link: 'not/there' },
    [`only-${who}/empty/also-empty`]: { directory: true },
    [`only-${who}/nothing.bin`]: '',
    [`only-${who}/large.bin`]: Buffer.alloc(1_500_000, who),
    'shared/equal.txt': { content: 'the same\n', mtime: old },
    'shared/differs.txt': { content: `from ${who}\n` },
    README: 'the same as well\n',
  };
}

describeNeeding(['docker'], 'the first sync', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  test('a tree goes into an empty container, whole', async () => {
    const local = temporaryDirectory();
    makeTree(local, project('local'));
    const before = snapshot(local);
    const session = await watch(container, { local });
    const rows = await session.same();
    expect(rows).toHaveLength(15);
    expect(snapshot(local)).toEqual(before);
    const status = await session.status();
    expect(status).toMatchObject({ state: 'watching', ready: true, pending: 0, problems: [] });
    expect(status.files).toBe(rows.filter(({ type }) => type !== 'directory').length);
  });

  test("a container's tree comes into an empty directory, whole", async () => {
    const root = await newRoot(container);
    await fill(container, root, project('container'));
    const session = await watch(container, { root });
    const rows = await session.same();
    expect(rows).toHaveLength(15);
    expect(rows.find(({ path }) => path === 'only-container/run.sh')).toMatchObject({
      executable: true,
      mtime: old.getTime(),
    });
    expect(await session.history()).toEqual([]);
  });

  test('two trees become their union; the host leads, and what gave way is in the history', async () => {
    const local = temporaryDirectory();
    makeTree(local, project('local'));
    const root = await newRoot(container);
    await fill(container, root, project('container'));
    const session = await watch(container, { local, root });
    const paths = (await session.same()).map(({ path }) => path);
    expect(paths).toContain('only-local/deep/er/file.txt');
    expect(paths).toContain('only-container/deep/er/file.txt');
    expect(await session.far('cat shared/differs.txt')).toBe('from local\n');
    const versions = await session.history();
    expect(versions).toMatchObject([{ path: 'shared/differs.txt', side: 'container', kept: true }]);
    const { stdout } = await session.cai.run(['show', versions[0]?.id ?? '']);
    expect(stdout).toBe('from container\n');
  });

  test('executable bits and times change on both sides, alone and together', async () => {
    const session = await watch(container);
    session.put({ a: 'a', b: 'b', c: { content: 'c', mode: 0o755 }, d: 'd' });
    await session.same();
    chmodSync(join(session.local, 'a'), 0o755);
    await session.far('chmod +x b; chmod -x c; touch -d 2001-02-03T04:05:06.789 d');
    const rows = await session.same();
    const executable = rows.filter((row) => row.executable).map(({ path }) => path);
    expect(executable).toEqual(['a', 'b']);
    expect(rows.find(({ path }) => path === 'd')?.mtime).toBe(
      Date.parse('2001-02-03T04:05:06.789Z'),
    );
    utimesSync(join(session.local, 'd'), old, old);
    await session.far('chmod -x a');
    const after = await session.same();
    expect(after.find(({ path }) => path === 'd')?.mtime).toBe(old.getTime());
    expect(after.find(({ path }) => path === 'a')?.executable).toBe(false);
  });

  test('links are made, pointed elsewhere and removed on both sides, never followed', async () => {
    const session = await watch(container);
    session.put({ 'dir/file': 'x', l1: { link: 'dir' }, l2: { link: 'dir/file' } });
    await session.far('ln -s l1 l3; mkdir sub; ln -s ../dir/file sub/l4');
    expect(await session.same()).toHaveLength(7);
    await session.far('ln -sfn nowhere l1; rm l2; echo changed > sub/l4');
    const rows = await session.same();
    expect(rows.map(({ path }) => path)).toEqual(['dir', 'dir/file', 'l1', 'l3', 'sub', 'sub/l4']);
    expect(rows.find(({ path }) => path === 'l1')?.target).toBe('nowhere');
    expect(rows.find(({ path }) => path === 'sub/l4')?.type).toBe('link');
  });

  test('a link that leads out stays where it is and is named as a problem until it is gone', async () => {
    const session = await watch(container);
    await session.far('ln -s /etc/passwd out; ln -s ../../etc up; echo x > inside');
    const { problems } = await session.flush(9);
    expect(problems).toMatchObject([
      { side: 'container', path: 'out', code: 'LINK_OUTSIDE' },
      { side: 'container', path: 'up', code: 'LINK_OUTSIDE' },
    ]);
    expect(snapshot(session.local).map(({ path }) => path)).toEqual(['inside']);
    await session.far('rm out up');
    expect(await session.same()).toHaveLength(1);
  });

  test('empty directories come, and go', async () => {
    const session = await watch(container);
    session.put({ 'a/b/c': { directory: true } });
    await session.far('mkdir -p x/y/z');
    expect((await session.same()).map(({ path }) => path)).toEqual([
      'a',
      'a/b',
      'a/b/c',
      'x',
      'x/y',
      'x/y/z',
    ]);
    await session.far('rmdir x/y/z a/b/c a/b');
    expect((await session.same()).map(({ path }) => path)).toEqual(['a', 'x', 'x/y']);
  });
});

/** The same name, another container: whatever it holds, nothing on the host is removed or overwritten. */
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createVolume, docker, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { fill, watch } from '../support/session.ts';
import { snapshot, temporaryDirectory } from '../support/tree.ts';

const old = new Date(1_500_000_000_000);
/** Newer than all that the host has, so that a plain "newest wins" would overwrite. */
const future = new Date(Date.now() + 3_600_000);

describeNeeding(['docker'], 'a container that is recreated', () => {
  test('with other content and newer files: the host leads, and what gave way is in the history', async () => {
    const local = temporaryDirectory();
    const root = '/srv/app';
    const first = await startContainer();
    await first.exec(['mkdir', '-p', root]);
    const session = await watch(first, { local, root });
    session.put({ a: { content: 'from the host', mtime: old }, 'd/b': 'b', c: 'c' });
    await session.same();
    const before = snapshot(local);
    await first.remove();
    await session.until('disconnected', ({ state }) => state === 'disconnected');
    const second = await startContainer({ name: first.name });
    await fill(second, root, {
      a: { content: 'from the image', mtime: future },
      d: { content: 'a file where the host has a directory', mtime: future },
      extra: 'only in the image',
    });
    // The directory may have been missing at the first try.
    await session.until('watching', ({ state }) => state === 'watching', 60_000);
    const rows = await session.same();
    expect(rows.map(({ path }) => path)).toEqual(['a', 'c', 'd', 'd/b', 'extra']);
    expect(snapshot(local).filter(({ path, type }) => type === 'file' && path !== 'extra')).toEqual(
      before.filter(({ type }) => type === 'file'),
    );
    const lost = await session.history();
    expect(lost.map(({ side, path }) => `${side} ${path}`).sort()).toEqual([
      'container a',
      'container d',
    ]);
    const id = lost.find(({ path }) => path === 'a')?.id ?? '';
    expect((await session.cai.run(['show', id])).stdout).toBe('from the image');
  });

  test('empty: it is filled from the host', async () => {
    const container = await startContainer({ tmpfs: ['/t'] });
    await container.exec(['mkdir', '/t/root']);
    const session = await watch(container, { root: '/t/root' });
    const names = Array.from({ length: 120 }, (_, n) => `f${n}`);
    session.put(Object.fromEntries(names.map((name) => [name, name])));
    await session.same();
    const before = snapshot(session.local);
    await docker(['rm', '-f', container.name]);
    await startContainer({ name: container.name, tmpfs: ['/t'] });
    await container.exec(['mkdir', '/t/root']);
    await session.until('watching', ({ state }) => state === 'watching', 60_000);
    expect(await session.same()).toHaveLength(120);
    expect(snapshot(session.local)).toEqual(before);
  });

  test('with its volume replaced under the same name', async () => {
    const volume = await createVolume();
    const container = await startContainer({ volumes: [`${volume}:/data`] });
    const session = await watch(container, { root: '/data' });
    session.put({ keep: 'x', 'd/keep': 'y' });
    await session.same();
    await docker(['rm', '-f', container.name]);
    await docker(['volume', 'rm', volume]);
    await startContainer({ name: container.name, volumes: [`${volume}:/data`] });
    await session.until('watching', ({ state }) => state === 'watching', 60_000);
    expect(await session.same()).toHaveLength(3);
    await docker(['rm', '-f', container.name]);
    await docker(['volume', 'rm', volume]);
  });

  test('the root in the container is emptied or removed: a hold, nothing is removed here', async () => {
    const container = await startContainer();
    const session = await watch(container);
    session.put({ a: 'a', 'd/b': 'b' });
    await session.same();
    await session.far('rm -rf a d');
    const { holds } = await session.flush(9);
    expect(holds).toMatchObject([{ reason: 'root-emptied', side: 'container', files: 2 }]);
    expect(snapshot(session.local)).toHaveLength(3);
    await session.cai.json(['reject', session.name]);
    expect(await session.same()).toHaveLength(3);
    await container.exec(['rm', '-rf', session.root]);
    await session.until('the hold', (status) =>
      status.holds.some((h) => h.reason === 'root-missing'),
    );
    session.put({ later: 'l' });
    expect(snapshot(session.local)).toHaveLength(4);
    await container.exec(['mkdir', session.root]);
    await session.until('no hold', (s) => s.holds.length === 0 && s.state === 'watching', 60_000);
    expect(await session.same()).toHaveLength(4);
  });

  test('the local root is removed and made again: the container keeps everything', async () => {
    const container = await startContainer();
    const session = await watch(container);
    session.put({ a: 'a', 'd/b': 'b' });
    await session.same();
    rmSync(session.local, { recursive: true });
    await session.until('the hold', (status) => status.holds.some(({ side }) => side === 'local'));
    expect(await session.far('cat a d/b')).toBe('ab');
    session.put({ fresh: 'f' });
    await session.until('no hold', (s) => s.holds.length === 0 && s.state === 'watching', 60_000);
    expect((await session.same()).map(({ path }) => path)).toEqual(['a', 'd', 'd/b', 'fresh']);
  });
});

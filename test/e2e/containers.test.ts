/** Containers that are set up in unusual ways, and those that cannot be served. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createVolume, docker, images, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { refused, type Watched, watch } from '../support/session.ts';
import { temporaryDirectory } from '../support/tree.ts';

async function bothWays(session: Watched): Promise<void> {
  session.put({
    'd/near': 'n',
    large: Buffer.alloc(300_000, 'l'),
    run: { content: '', mode: 0o755 },
  });
  await session.far('mkdir e; echo f > e/far; ln -s far e/link');
  expect(await session.same()).toHaveLength(7);
  await session.far('rm -r d; echo more >> e/far');
  session.put({ 'e/near': 'n' });
  expect(await session.same()).toHaveLength(6);
}

describeNeeding(['docker'], 'a container', () => {
  test('with a read-only root file system, and a volume', async () => {
    const volume = await createVolume();
    const container = await startContainer({ readOnly: true, volumes: [`${volume}:/data`] });
    const session = await watch(container, { root: '/data' });
    await bothWays(session);
    await session.cai.json(['unwatch', session.name]);
    const { stdout } = await container.exec(['ls', '-A', '/data']);
    expect(stdout).not.toContain('.cai-');
  });

  test('with its root on tmpfs, without HOME, PATH nearly empty, NODE_OPTIONS set', async () => {
    const args = ['--env', 'HOME=', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin'];
    const container = await startContainer({
      tmpfs: ['/t'],
      args: [...args, '--env', 'NODE_OPTIONS=--inspect=0 --trace-warnings'],
    });
    await bothWays(await watch(container, { root: '/t' }));
  });

  test('whose processes run as a user; files there belong to it', async () => {
    const container = await startContainer({ user: 'dev' });
    await container.exec(['mkdir', '/home/dev/project']);
    const session = await watch(container, { root: '/home/dev/project' });
    await bothWays(session);
    const owners = await session.far('find . -not -name ".cai-*" -printf "%u\\n" | sort -u');
    expect(owners.trim()).toBe('dev');
    expect(statSync(join(session.local, 'e/far')).uid).toBe(process.getuid?.());
  });

  test("whose root belongs to somebody else: files get the root's owner", async () => {
    const container = await startContainer();
    await container.exec(['install', '-d', '-o', 'dev', '-g', 'dev', '/srv/project']);
    const session = await watch(container, { root: '/srv/project' });
    session.put({ 'd/near': 'n', large: Buffer.alloc(300_000, 'l') });
    await session.same();
    expect(await session.far('stat -c %U:%G d d/near large')).toBe('dev:dev\n'.repeat(3));
    await container.exec(['touch', '/srv/project/d/mine'], { user: 'dev' });
    await session.same();
  });

  test('that is slow and busy', async () => {
    const container = await startContainer({ args: ['--cpus', '0.3'] });
    await docker([
      'exec',
      '-d',
      container.name,
      'timeout',
      '20',
      'sh',
      '-c',
      'while :; do :; done',
    ]);
    await bothWays(await watch(container));
  });

  test('with spaces and non-ASCII letters in its path', async () => {
    const container = await startContainer();
    const root = "/w/my project's größe";
    await container.exec(['mkdir', '-p', root]);
    await bothWays(await watch(container, { root }));
  });

  test('whose node is too old', async () => {
    const container = await startContainer({ image: images.plain });
    const script = '#!/bin/sh\nprintf "\\ncai-node-too-old 12.22.9\\n"; exit 1\n';
    await container.exec(['sh', '-c', 'cat > /usr/bin/node; chmod +x /usr/bin/node'], {
      input: script,
    });
    // A node that was not named would have a helper stand in.
    const named = [temporaryDirectory(), `${container.name}:/srv`, '--node', '/usr/bin/node'];
    const { code, error } = await refused(named);
    expect(code).toBe(5);
    expect(error.message).toContain('12.22.9');
  });
});

/** Containers without node: the helper that serves their files comes and goes with target and session. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Container, docker, images, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { children } from '../support/processes.ts';
import { type Watched, watch } from '../support/session.ts';
import { waitFor } from '../support/wait.ts';

async function helpers({ id }: Container): Promise<number> {
  const filter = `label=containai.helper=${id}`;
  const { stdout } = await docker(['ps', '--all', '--quiet', '--filter', filter]);
  return stdout.split('\n').filter((line) => line !== '').length;
}

/** What both sides hold, once they say that they are the same: paths with the contents of files. */
async function both(session: Watched): Promise<string[]> {
  await session.until('watching', ({ state }) => state === 'watching', 60_000);
  await session.flush();
  const script =
    'find . -name ".cai-*" -prune -o -type f -printf "%P " -exec cat {} \\; -printf "\\n" | sort';
  const near = spawnSync('sh', ['-c', script], { cwd: session.local, encoding: 'utf8' }).stdout;
  expect(await session.far(script)).toBe(near);
  return near.trim().split('\n');
}

describeNeeding(['docker', 'linux'], 'a container without node', () => {
  beforeAll(() => {
    vi.stubEnv('BASE_IMAGE', images.node);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  test('is kept the same; restarts, recreations and lost helpers lose nothing', async () => {
    let container = await startContainer({ image: images.plain });
    const session = await watch(container);
    session.put({ near: '1', 'dir/x': '1' });
    await session.putFar({ far: '1' });
    expect(await both(session)).toEqual(['dir/x 1', 'far 1', 'near 1']);
    expect((await session.status()).link?.transport).toBe('docker helper');
    expect(await helpers(container)).toBe(1);

    const down = container.stop();
    await session.until('the loss', ({ state }) => state === 'disconnected');
    session.put({ near: '2' });
    rmSync(join(session.local, 'dir'), { recursive: true });
    await down;
    await container.start();
    expect(await both(session)).toEqual(['far 1', 'near 2']);

    const { pid } = await session.status();
    for (const child of children(pid as number)) process.kill(child, 'SIGKILL');
    await session.until('the loss', ({ state }) => state !== 'watching');
    session.put({ again: '3' });
    expect(await both(session)).toEqual(['again 3', 'far 1', 'near 2']);
    await waitFor(async () => (await helpers(container)) === 1);

    const { name } = container;
    await container.remove();
    container = await startContainer({ image: images.plain, name });
    await container.exec(['mkdir', '-p', session.root]);
    expect(await both(session)).toEqual(['again 3', 'far 1', 'near 2']);

    process.kill((await session.status()).pid as number, 'SIGKILL');
    await waitFor(async () => (await helpers(container)) === 0, { deadline: 20_000 });
  });
});

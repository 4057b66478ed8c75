import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startContainer } from '../../test/support/container.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { waitFor } from '../../test/support/wait.ts';
import { inspectContainer, requireRunning } from './container.ts';
import { type ContainerEvent, readEvent, watchContainer } from './events.ts';
import { similarNames } from './similar.ts';

const command = ['docker'];

describe('errors of an engine', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cai-engine-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  /** A stand-in for an engine that complains as the real one does. */
  async function complaining(stderr: string): Promise<string[]> {
    const script = join(directory, 'engine');
    await writeFile(script, `#!/bin/sh\nprintf '%s\\n' "${stderr}" >&2\nexit 1\n`);
    await chmod(script, 0o755);
    return [script];
  }

  it('name what is not installed', async () => {
    const query = { command: ['/no/such/docker'], container: 'web' };
    await expect(inspectContainer(query)).rejects.toMatchObject({
      code: 'NO_ENGINE',
      message: '/no/such/docker is not installed.',
    });
  });

  it.each([
    [
      'Cannot connect to the Docker daemon at unix:///run/x.sock. Is the docker daemon running?',
      'Start it',
    ],
    ['error during connect: Get http://x: dial tcp: lookup x: no such host', 'DOCKER_HOST'],
    ['permission denied while trying to connect to the Docker daemon socket', 'group'],
  ])('say how to reach the daemon: %s', async (stderr, next) => {
    const query = { command: await complaining(stderr), container: 'web' };
    await expect(inspectContainer(query)).rejects.toMatchObject({
      code: 'NO_ENGINE',
      next: expect.stringContaining(next),
    });
  });
});

describe('similarNames', () => {
  it('finds slips and the additions of compose, and not everything', () => {
    const names = ['web', 'shop-web-1', 'database', 'wbe2', 'x'];
    expect(similarNames('wbe', names)).toEqual(['wbe2', 'web']);
    expect(similarNames('shop-web', names)).toContain('shop-web-1');
    expect(similarNames('unrelated-name', names)).toEqual([]);
  });
});

describe('readEvent', () => {
  it.each([
    ['{"status":"start","id":"ab"}', { type: 'start', id: 'ab' }],
    ['{"Action":"die","Actor":{"ID":"ab"}}', { type: 'die', id: 'ab' }],
    ['{"ID":"ab","Status":"died"}', { type: 'die', id: 'ab' }],
    ['{"status":"exec_create: sh","id":"ab"}', undefined],
    ['time="now" level=warning', undefined],
  ])('%s', (line, event) => {
    expect(readEvent(line)).toEqual(event);
  });
});

describeNeeding(['docker'], 'a real container', () => {
  it('is told as it is, while it runs and while it does not', async () => {
    const container = await startContainer({ volumes: ['/data'] });
    const query = { command, container: container.name };
    const info = await requireRunning(query);
    expect(info).toMatchObject({
      id: container.id,
      name: container.name,
      running: true,
      mounts: [{ destination: '/data', writable: true }],
    });
    expect(Number.isNaN(Date.parse(info.created))).toBe(false);

    await expect(
      inspectContainer({ command, container: `${container.name}x` }),
    ).rejects.toMatchObject({
      code: 'NO_CONTAINER',
      next: expect.stringContaining(`Did you mean ${container.name}`),
    });

    const events: ContainerEvent[] = [];
    const watch = watchContainer({ ...query, onEvent: (event) => events.push(event) });
    await container.kill();
    await expect(requireRunning(query)).rejects.toMatchObject({
      code: 'NO_CONTAINER',
      next: `Run "docker start ${container.name}".`,
    });
    await container.start();
    await waitFor(() => events.some(({ type }) => type === 'start'));
    expect(events.every(({ id }) => id === container.id)).toBe(true);
    watch.stop();
    await watch.ended;
  });
});

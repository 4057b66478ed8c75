/** Containers without node, served from a helper container; with real engines and images. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bareImage } from '../../test/support/bare-image.ts';
import {
  type Container,
  createVolume,
  docker,
  images,
  startContainer,
} from '../../test/support/container.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { tarOf } from '../../test/support/tar.ts';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { ReplicaEvent } from '../replica/replica.ts';
import type { Connected } from './connect.ts';
import { openFar } from './far.fixture.ts';
import { digestOf } from './replica.fixture.ts';

const bytes = Buffer.from('from the host');
const entry = {
  kind: 'file',
  digest: digestOf(bytes),
  size: bytes.length,
  executable: false,
  mode: 0o644,
  mtime: 1e12,
} as const;

async function write({ replica }: Connected, path: string): Promise<string | undefined> {
  const source = { from: 'bytes', bytes } as const;
  const [outcome] = await replica.apply([{ type: 'write', path, expect: null, entry, source }]);
  return outcome?.result;
}

/** Puts files into a container that has no program for it. */
async function copyIn(container: Container, to: string, spec: Record<string, string>) {
  const dir = temporaryDirectory();
  makeTree(dir, spec);
  await docker(['cp', '-', `${container.name}:${to}`], { input: tarOf(dir) });
}

async function helpersOf(container: Container): Promise<string[]> {
  const filter = `label=containai.helper=${container.id}`;
  const { stdout } = await docker(['ps', '--all', '--quiet', '--filter', filter]);
  return stdout.split('\n').filter((id) => id !== '');
}

async function inspect(container: Container, what: string): Promise<unknown> {
  const [id = ''] = await helpersOf(container);
  return JSON.parse((await docker(['inspect', '--format', `{{json ${what}}}`, id])).stdout);
}

async function paths({ replica }: Connected): Promise<string[]> {
  const found: string[] = [];
  await replica.scan({ onRows: (rows) => void found.push(...rows.map(({ path }) => path)) });
  return found;
}

describeNeeding(['docker'], 'a container without node', () => {
  beforeAll(() => {
    vi.stubEnv('BASE_IMAGE', images.node);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  it('has a helper look at its own files; what is new belongs to the directory’s owner', async () => {
    const container = await startContainer({ image: images.plain });
    await container.exec([
      'sh',
      '-c',
      'mkdir -p /srv/app; echo 1 > /srv/app/old; chown -R 1000:1000 /srv/app; ln -s /srv /s',
    ]);
    const far = await openFar(`${container.name}:/s/app`);
    expect(far).toMatchObject({
      transport: 'docker helper',
      place: { kind: 'container', id: container.id },
    });
    expect(far.replica.info.root).toBe('/srv/app');
    const events: ReplicaEvent[] = [];
    far.replica.onEvent = (event) => events.push(event);
    expect(await paths(far)).toEqual(['old']);
    await container.exec(['sh', '-c', 'mkdir /srv/app/dir; echo 2 > /srv/app/dir/new'], {
      user: 'dev',
    });
    await waitFor(() =>
      events.some(
        (event) => event.type === 'changes' && event.changes.some(({ path }) => path === 'dir/new'),
      ),
    );
    expect(await write(far, 'there')).toBe('done');
    const { stdout } = await container.exec(['stat', '-c', '%u:%g %a', '/srv/app/there']);
    expect(stdout).toBe('1000:1000 644\n');
    expect(await inspect(container, '.HostConfig.NetworkMode')).toBe('none');
  });

  it('has a helper with its volumes, and without the right to look elsewhere', async () => {
    const volume = await createVolume();
    const container = await startContainer({ image: images.plain, volumes: [`${volume}:/data`] });
    await container.exec([
      'sh',
      '-c',
      'mkdir -p /data/app; echo 1 > /data/app/x; ln -s /srv /data/out',
    ]);
    const far = await openFar(`${container.name}:/data/app`);
    expect(far.place).toMatchObject({ kind: 'volume', name: volume });
    expect(await paths(far)).toEqual(['x']);
    expect(await inspect(container, '.HostConfig.CapAdd')).not.toContain('SYS_PTRACE');
    // A link that leads out of the volume is followed as the target would follow it.
    const out = await openFar(`${container.name}:/data/out`);
    expect(out.replica.info.root).toBe('/srv');
    expect(out.place).toMatchObject({ kind: 'container' });
  });

  it('may have no shell either', async () => {
    const container = await startContainer({ image: await bareImage() });
    await copyIn(container, '/work', { 'a/b': '1' });
    const far = await openFar(`${container.name}:/work`);
    expect(await paths(far)).toEqual(['a', 'a/b']);
    expect(await write(far, 'a/there')).toBe('done');
    const { stdout } = await docker(['cp', `${container.name}:/work/a/there`, '-']);
    expect(stdout).toContain('from the host');
  });

  it('says what cannot be: no such directory, a process namespace of others, no image', async () => {
    const container = await startContainer({ image: images.plain });
    await expect(openFar(`${container.name}:/not/there`)).rejects.toMatchObject({
      code: 'ROOT',
      path: '/not/there',
    });
    const other = await startContainer({
      image: images.plain,
      args: ['--pid', `container:${container.name}`],
    });
    await expect(openFar(`${other.name}:/srv`)).rejects.toMatchObject({
      code: 'NO_NODE',
      message: expect.stringContaining('process namespace of another container'),
    });
    vi.stubEnv('BASE_IMAGE', 'cai-test-missing.invalid/image:1');
    await expect(openFar(`${container.name}:/srv`)).rejects.toMatchObject({
      code: 'NO_NODE',
      message: expect.stringContaining('no helper container can stand in'),
      next: expect.stringContaining('BASE_IMAGE'),
    });
    vi.stubEnv('BASE_IMAGE', images.node);
  });

  it('takes its helper along when it ends, and a helper ends with its link', async () => {
    const container = await startContainer({ image: images.plain });
    const first = await openFar(`${container.name}:/srv`);
    await first.replica.close();
    await waitFor(async () => (await helpersOf(container)).length === 0, { deadline: 20_000 });
    const second = await openFar(`${container.name}:/srv`);
    await container.kill();
    await expect(second.replica.closed).resolves.toMatchObject({ code: 'LINK' });
    await waitFor(async () => (await helpersOf(container)).length === 0, { deadline: 20_000 });
  });
});

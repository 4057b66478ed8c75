import { beforeAll, expect, it } from 'vitest';
import { createVolume, docker, images } from '../../../test/support/container.ts';
import { describeNeeding } from '../../../test/support/needs.ts';
import { waitFor } from '../../../test/support/wait.ts';
import { ensureAgentImage } from '../../docker/agent-image.ts';
import { ensureVolume } from '../../docker/volume.ts';
import { type NewEntry, openVolume, type Volume } from '../volume.ts';
import { helperName } from './helper.ts';

const command = ['docker'];
interface Inspected {
  readonly HostConfig: object;
  readonly Mounts: readonly object[];
  readonly Path: string;
  readonly Args: readonly string[];
}

let image = '';

function file(path: string, text: string | Uint8Array, more: object = {}): NewEntry {
  const bytes = Buffer.from(text as string);
  const content = (): Uint8Array[] => [bytes];
  return { kind: 'file', path, mode: 0o644, size: bytes.length, content, ...more };
}

async function contents(volume: Volume): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const entries = await volume.list({ digests: true });
  for await (const item of volume.read(entries.map(({ path }) => path))) {
    if (!item.found) continue;
    const bytes: Uint8Array[] = [];
    for await (const chunk of item.content) bytes.push(chunk);
    const { entry } = item;
    const mode = 'mode' in entry ? entry.mode.toString(8) : '';
    const text = entry.kind === 'link' ? `-> ${entry.target}` : Buffer.concat(bytes).toString();
    found[entry.path] = `${entry.uid}:${entry.gid} ${mode} ${text}`.trim();
  }
  return found;
}

describeNeeding(['docker'], 'a volume', () => {
  beforeAll(async () => {
    image = await ensureAgentImage({ command, base: images.node });
  });

  async function open(name: string, waitMs = 30_000): Promise<Volume> {
    return openVolume({ command, name, image, waitMs });
  }

  it('holds what was written into it, and is left alone by a second write of the same', async () => {
    const name = await createVolume();
    const volume = await open(name);
    const large = Buffer.alloc(9 * 1024 * 1024, 'x');
    const entries: NewEntry[] = [
      file('.config/gh/hosts.yml', 'token', { mode: 0o600, mtime: 1_700_000_000_123 }),
      { kind: 'directory', path: '.ssh', mode: 0o700, mtime: 1_600_000_000_000 },
      { kind: 'link', path: '.ssh/link', target: '../../../etc/passwd' },
      file('large', large, { uid: 0, gid: 0 }),
      file('empty', '', { onlyNew: true }),
      file('setuid', '', { mode: 0o4755 }),
    ];
    const first = await volume.write({ entries });
    expect(first.created).toHaveLength(6);
    const found = await contents(volume);
    expect(found.large?.length).toBe(large.length + 'O:O 644 '.length);
    expect({ ...found, large: '' }).toEqual({
      '.config': '1000:1000 755',
      '.config/gh': '1000:1000 755',
      '.config/gh/hosts.yml': '1000:1000 600 token',
      '.ssh': '1000:1000 700',
      '.ssh/link': '1000:1000  -> ../../../etc/passwd',
      empty: '1000:1000 644',
      large: '',
      setuid: '1000:1000 755',
    });
    const second = await volume.write({ entries });
    expect(second).toEqual({
      created: [],
      updated: [],
      attributes: [],
      removed: [],
      leftDirectories: [],
      unchanged: 6,
    });
    const third = await volume.write({
      entries: [file('empty', 'x', { onlyNew: true }), file('large', 'small')],
      remove: ['.ssh', '.ssh/link', '.config', 'missing'],
    });
    expect(third).toMatchObject({
      updated: ['large'],
      removed: ['.ssh/link', '.ssh'],
      leftDirectories: ['.config'],
      unchanged: 1,
    });
    await volume.close();
  });

  it('refuses a write that would go through a link, and changes nothing', async () => {
    const volume = await open(await createVolume());
    await volume.write({
      entries: [
        { kind: 'link', path: 'way', target: '/etc' },
        { kind: 'directory', path: 'keep', mode: 0o755 },
      ],
    });
    const before = await contents(volume);
    const write = volume.write({ entries: [file('new', '1'), file('way/passwd', 'x')] });
    await expect(write).rejects.toMatchObject({ code: 'NAME', path: 'way' });
    await volume.close();
    const again = await open(volume.name);
    expect(await contents(again)).toEqual(before);
    const outside = again.write({ entries: [file('../up', 'x')] });
    await expect(outside).rejects.toMatchObject({ code: 'NAME' });
    await again.close();
  });

  it('is had by one at a time, and let go of when its holder dies', async () => {
    const name = await createVolume();
    const first = await open(name);
    const { stdout } = await docker(['inspect', '--format', '{{json .}}', helperName(name)]);
    const { HostConfig, Mounts, Path, Args } = JSON.parse(stdout) as Inspected;
    expect(HostConfig).toMatchObject({
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      // Nothing of what passes through it is written down.
      LogConfig: { Type: 'none' },
      SecurityOpt: ['no-new-privileges'],
    });
    expect(Mounts).toMatchObject([{ Type: 'volume', Name: name }]);
    expect([Path, ...Args]).toEqual(['node', '/opt/cai/volume.cjs', '/volume']);
    await expect(open(name, 0)).rejects.toMatchObject({ code: 'BUSY' });
    const said: string[] = [];
    const waiting = openVolume({ command, name, image, onProgress: (line) => said.push(line) });
    await waitFor(() => said.length > 0);
    await docker(['kill', helperName(name)]);
    const second = await waiting;
    await expect(first.list()).rejects.toMatchObject({ code: 'LINK' });
    expect(await second.list()).toEqual([]);
    await second.close();
  });

  it('must be there', async () => {
    const name = await createVolume();
    await expect(open(`${name}x`)).rejects.toMatchObject({
      code: 'NO_VOLUME',
      next: expect.stringContaining(name),
    });
    await expect(open('/etc')).rejects.toMatchObject({ code: 'USAGE' });
    expect(await ensureVolume({ command, volume: name, labels: {} })).toBe(false);
  });

  it('is as it was when the write is cancelled or its source fails', async () => {
    const name = await createVolume();
    const controller = new AbortController();
    const volume = await openVolume({ command, name, image, signal: controller.signal });
    async function* endless(): AsyncGenerator<NewEntry> {
      for (let n = 0; ; n += 1) {
        if (n === 50) controller.abort();
        yield file(`f${n}`, 'x');
      }
    }
    await expect(volume.write({ entries: endless() })).rejects.toMatchObject({ code: 'CANCELLED' });
    await volume.close();
    const second = await open(name);
    async function* broken(): AsyncGenerator<NewEntry> {
      yield file('a', 'x');
      throw new Error('the source broke');
    }
    await expect(second.write({ entries: broken() })).rejects.toThrow('the source broke');
    await second.close();
    const third = await open(name);
    expect(await third.list()).toEqual([]);
    await third.close();
  });
});

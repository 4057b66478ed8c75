/** The real agent in a real process, and in real containers, over the whole link. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtAgent } from '../../test/support/built.ts';
import { startContainer } from '../../test/support/container.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { ContainerAddress } from '../docker/address.ts';
import type { Observation, Replica, ReplicaEvent, ReplicaOptions } from '../replica/replica.ts';
import { fromBytes } from '../tree/path.ts';
import { bootScript, nodeFlags } from './boot.ts';
import { connect, openAgentReplica } from './connect.ts';
import { digestOf } from './replica.fixture.ts';
import { spawnTransport } from './spawned.ts';
import type { Transport } from './transport.ts';

const options: ReplicaOptions = {
  rules: { ignore: [], allow: [], gitignore: true, git: false },
  settle: 2,
  settleMax: 100,
  maxFileSize: 2 ** 32,
  modes: 'portable',
};

let agentSource = '';
beforeAll(() => {
  agentSource = readFileSync(builtAgent(), 'utf8');
});

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function makeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'cai-agent-'));
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

interface Started {
  readonly replica: Replica;
  readonly transport: Transport;
}

async function start(
  root: string,
  { create = false, before = '' }: { create?: boolean; before?: string } = {},
): Promise<Started> {
  const command = [process.execPath, ...nodeFlags, '-e', before + bootScript];
  const transport = spawnTransport({ name: 'node', command });
  cleanups.push(() => transport.close());
  const hello = { root, options, create };
  const replica = await openAgentReplica({ transport, agentSource, hello, helloMs: 20_000 });
  return { replica, transport };
}

async function scanAll(replica: Replica): Promise<Map<string, Observation>> {
  const seen = new Map<string, Observation>();
  await replica.scan({
    contents: true,
    onRows: (rows) => {
      for (const row of rows) seen.set(row.path, row);
    },
  });
  return seen;
}

function entryOf(bytes: Uint8Array) {
  const rest = { executable: false, mode: 0o644, mtime: 1_700_000_000_000 };
  return { kind: 'file' as const, digest: digestOf(bytes), size: bytes.length, ...rest };
}

function noStage(root: string): boolean {
  return readdirSync(root).every((name) => !name.startsWith('.cai-'));
}

describe('an agent in a process', () => {
  it('scans, tells changes, applies, and is gone without a trace', async () => {
    const root = makeRoot();
    mkdirSync(join(root, 'src'));
    writeFileSync(join(root, 'src/a.txt'), 'hello');
    const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff, 0x41)]);
    writeFileSync(odd, 'odd');
    const { replica, transport } = await start(root);
    expect(replica.info).toMatchObject({ root, platform: 'linux' });
    expect(Math.abs(replica.info.clockSkew)).toBeLessThan(1000);

    const seen = await scanAll(replica);
    expect([...seen.keys()].sort()).toEqual(['src', 'src/a.txt', fromBytes(Buffer.of(0xff, 0x41))]);
    expect(Buffer.from(seen.get('src/a.txt')?.bytes ?? []).toString()).toBe('hello');

    const events: ReplicaEvent[] = [];
    replica.onEvent = (event) => events.push(event);
    writeFileSync(join(root, 'src/b.txt'), 'new');
    await waitFor(() =>
      events.some(
        (e) => e.type === 'changes' && e.changes.some(({ path }) => path === 'src/b.txt'),
      ),
    );

    const bytes = Buffer.from('replaced');
    const [outcome] = await replica.apply([
      {
        type: 'write',
        path: 'src/a.txt',
        expect: entryOf(Buffer.from('hello')),
        entry: entryOf(bytes),
        source: { from: 'bytes', bytes },
      },
    ]);
    expect(outcome).toMatchObject({ result: 'done', kept: { expected: true } });
    expect(readFileSync(join(root, 'src/a.txt'), 'utf8')).toBe('replaced');
    const id = outcome?.kept?.id ?? '';
    const kept: Uint8Array[] = [];
    for await (const chunk of replica.readKept(id)) kept.push(chunk);
    expect(Buffer.concat(kept).toString()).toBe('hello');
    expect(await replica.release([id])).toEqual([]);

    await replica.close();
    expect((await transport.ended).exitCode).toBe(0);
    expect(noStage(root)).toBe(true);
  });

  it('brings large files both ways', async () => {
    const root = makeRoot();
    const bytes = Buffer.alloc(5_000_000);
    for (let n = 0; n < bytes.length; n += 997) bytes[n] = n % 256;
    writeFileSync(join(root, 'large'), bytes);
    const { replica } = await start(root);
    await scanAll(replica);
    const large = { path: 'large', digest: digestOf(bytes), size: bytes.length };
    await replica.stage({ ...large, id: 'copy', path: 'copy' }, replica.read(large));
    const source = { from: 'staged' as const, id: 'copy' };
    const [outcome] = await replica.apply([
      { type: 'write', path: 'copy', expect: null, entry: entryOf(bytes), source },
    ]);
    expect(outcome?.result).toBe('done');
    expect(readFileSync(join(root, 'copy')).equals(bytes)).toBe(true);
    await replica.close();
  });

  it('does not mind noise before it', async () => {
    const root = makeRoot();
    const { replica } = await start(root, { before: 'console.log("motd\\0".repeat(20000));' });
    expect((await scanAll(replica)).size).toBe(0);
    await replica.close();
  });

  it('says what is wrong with its root, and makes it when told to', async () => {
    const root = makeRoot();
    writeFileSync(join(root, 'file'), '');
    await expect(start(join(root, 'none'))).rejects.toMatchObject({ code: 'ROOT' });
    await expect(start(join(root, 'file'))).rejects.toMatchObject({ code: 'ROOT' });
    const { replica } = await start(join(root, 'new/deep'), { create: true });
    expect(existsSync(join(root, 'new/deep'))).toBe(true);
    await replica.close();
  });

  it('keeps what the host has not fetched when the link is cut, for the next agent', async () => {
    const root = makeRoot();
    writeFileSync(join(root, 'a'), 'old');
    const first = await start(root);
    await scanAll(first.replica);
    const bytes = Buffer.from('new');
    await first.replica.apply([
      {
        type: 'write',
        path: 'a',
        expect: entryOf(Buffer.from('old')),
        entry: entryOf(bytes),
        source: { from: 'bytes', bytes },
      },
    ]);
    await first.transport.close();

    const second = await start(root);
    const [left] = await second.replica.takeLeft();
    expect(left).toMatchObject({ path: 'a', entry: { digest: digestOf(Buffer.from('old')) } });
    const content: Uint8Array[] = [];
    for await (const chunk of second.replica.readKept(left?.id ?? '')) content.push(chunk);
    expect(Buffer.concat(content).toString()).toBe('old');
    await second.replica.release([left?.id ?? '']);
    await second.replica.close();
    expect(noStage(root)).toBe(true);
  });

  it('reports a link that leads out instead of telling it', async () => {
    const root = makeRoot();
    symlinkSync('/etc/passwd', join(root, 'out'));
    const { replica } = await start(root);
    const seen = await scanAll(replica);
    expect(seen.get('out')?.look).toMatchObject({ kind: 'blocked', why: 'link-outside' });
    await replica.close();
  });
});

function address(container: string, path: string): ContainerAddress {
  return { kind: 'container', engine: 'docker', container, path };
}

describeNeeding(['docker'], 'an agent in a container', () => {
  it('serves as another user, without a home, where only a volume can be written', async () => {
    const container = await startContainer({
      user: '1000:1000',
      readOnly: true,
      tmpfs: ['/work:uid=1000,gid=1000'],
      args: ['--env', 'HOME=', '--env', 'NODE_OPTIONS=--no-such-option', '--workdir', '/work'],
    });
    const { replica, place } = await connect({
      address: address(container.name, '/work'),
      options,
      agentSource,
    });
    cleanups.push(() => replica.close());
    expect(place).toMatchObject({ kind: 'container', id: container.id });
    expect(Date.parse(place.kind === 'container' ? place.created : '')).toBeGreaterThan(0);
    expect(replica.info.uid).toBe(1000);
    expect((await scanAll(replica)).size).toBe(0);
    const events: ReplicaEvent[] = [];
    replica.onEvent = (event) => events.push(event);
    await container.exec(['sh', '-c', 'echo hi > /work/hello']);
    await waitFor(() => events.some(({ type }) => type === 'changes'));
    const bytes = Buffer.from('from the host');
    const source = { from: 'bytes' as const, bytes };
    const [outcome] = await replica.apply([
      { type: 'write', path: 'there', expect: null, entry: entryOf(bytes), source },
    ]);
    expect(outcome?.result).toBe('done');
    expect((await container.exec(['cat', '/work/there'])).stdout).toBe('from the host');
  });

  it('shows the end of its container as the end of the link', async () => {
    const container = await startContainer({ tmpfs: ['/work'] });
    const { replica } = await connect({
      address: address(container.name, '/work'),
      options,
      agentSource,
    });
    await container.kill();
    await expect(replica.closed).resolves.toMatchObject({ code: 'LINK' });
    await expect(replica.drain()).rejects.toMatchObject({ code: 'LINK' });
  });

  it('leaves nothing running when the host goes away', async () => {
    const container = await startContainer({ tmpfs: ['/work'] });
    const { replica } = await connect({
      address: address(container.name, '/work'),
      options,
      agentSource,
    });
    const nodes = async (): Promise<string> =>
      (await container.exec(['sh', '-c', 'cat /proc/[0-9]*/comm'])).stdout;
    expect(await nodes()).toMatch(/^node/m);
    await replica.close();
    await waitFor(async () => !/^node/m.test(await nodes()));
    expect((await container.exec(['ls', '-A', '/work'])).stdout).toBe('');
  });

  it('fails in words that say what to do', async () => {
    const container = await startContainer({ user: '1000:1000' });
    const attempt = (name: string, path: string) =>
      connect({ address: address(name, path), options, agentSource });
    await expect(attempt(container.name, '/none')).rejects.toMatchObject({
      code: 'ROOT',
      next: expect.stringContaining(`docker exec ${container.name} mkdir -p /none`),
    });
    await expect(attempt(container.name, '/root')).rejects.toMatchObject({ code: 'PERMISSION' });

    await container.kill();
    await expect(attempt(container.name, '/tmp')).rejects.toMatchObject({ code: 'NO_CONTAINER' });
  });
});

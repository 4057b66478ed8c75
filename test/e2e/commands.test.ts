/** Sessions steered from the command line, history and undo, and the documented JSON. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { SessionStatus } from '../../src/control/api.ts';
import { newCai } from '../support/cai.ts';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { compare, newRoot, watch } from '../support/session.ts';
import { temporaryDirectory } from '../support/tree.ts';

const number = expect.any(Number);
const text = expect.any(String);

describeNeeding(['docker'], 'commands', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  test('two containers on one directory: what one changes reaches the other', async () => {
    const cai = newCai();
    const local = temporaryDirectory();
    const one = await watch(container, { cai, local });
    const two = await watch(await startContainer(), { cai, local, args: ['--name', 'second'] });
    expect([one.name, two.name]).not.toEqual([two.name, one.name]);
    await one.far('mkdir d; echo 1 > d/from-one');
    await one.flush();
    await two.flush();
    await two.far('echo 2 >> d/from-one; echo 2 > from-two');
    await two.flush();
    await one.flush();
    expect(await one.far('cat d/from-one from-two')).toBe('1\n2\n2\n');
    await compare(one);
    await compare(two);
    const listed = await cai.json<SessionStatus[]>(['list']);
    expect(listed.map(({ name }) => name)).toEqual([one.name, 'second']);
    const ambiguous = await cai.run(['flush'], { cwd: local });
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.stderr).toContain('second');
  });

  test('the same watch twice is the same session', async () => {
    const session = await watch(container);
    const again = ['watch', session.local, `${container.name}:${session.root}`, '-d'];
    const first = await session.status();
    const second = await session.cai.json<SessionStatus>(again);
    expect([second.id, second.pid]).toEqual([first.id, first.pid]);
    const url = `docker://${container.name}${session.root}`;
    const third = await session.cai.json<SessionStatus>(['watch', session.local, url, '-d']);
    expect(third.pid).toBe(first.pid);
    expect(await session.cai.json<unknown[]>(['list'])).toHaveLength(1);
  });

  test('pause carries nothing over, resume everything', async () => {
    const session = await watch(container);
    session.put({ a: '1' });
    await session.same();
    const paused = await session.cai.json<SessionStatus>(['pause', session.name]);
    expect(paused.state).toBe('paused');
    session.put({ a: '2' });
    await session.far('echo b > b');
    await session.until('both changes', ({ pending }) => pending === 2);
    expect((await session.cai.run(['flush', session.name])).code).toBe(7);
    expect(await session.far('cat a')).toBe('1');
    await session.cai.json(['resume', session.name]);
    expect(await session.same()).toHaveLength(2);
  });

  test('what was replaced or removed is in the history, shown byte for byte, and put back', async () => {
    const session = await watch(container);
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 7) % 256));
    session.put({ 'src/a.bin': { content: bytes, mode: 0o755 }, 'src/b': 'b1', keep: 'k' });
    await session.same();
    await session.far('echo damaged > src/a.bin; chmod -x src/a.bin; rm src/b');
    await session.same();
    const rows = await session.history('src');
    expect(rows.map(({ path, reason, side }) => `${path} ${reason} ${side}`).sort()).toEqual([
      'src/a.bin replaced local',
      'src/b removed local',
    ]);
    const version = rows.find(({ path }) => path === 'src/a.bin');
    expect(version).toEqual({
      id: text,
      session: session.name,
      path: 'src/a.bin',
      side: 'local',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      reason: 'replaced',
      kind: 'file',
      size: bytes.length,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      kept: true,
      by: null,
    });
    const id = version?.id ?? '';
    const restored = await session.cai.json(['restore', id], { cwd: session.local });
    expect(restored).toEqual({ id, path: 'src/a.bin', kind: 'file', displaced: text });
    expect(readFileSync(join(session.local, 'src/a.bin')).equals(bytes)).toBe(true);
    const after = await session.same();
    expect(after.find(({ path }) => path === 'src/a.bin')?.executable).toBe(true);
    const displaced = (restored as { displaced: string }).displaced;
    expect((await session.cai.run(['show', displaced])).stdout).toBe('damaged\n');

    const elsewhere = ['restore', rows.find(({ path }) => path === 'src/b')?.id ?? '', '--to'];
    await session.cai.json([...elsewhere, join(session.local, 'old/b')], { cwd: session.local });
    await session.same();
    expect(await session.far('cat old/b')).toBe('b1');
    // And after the session has ended.
    await session.cai.json(['unwatch', session.name]);
    await session.cai.json([...elsewhere, 'b-again'], { cwd: session.local });
    expect(readFileSync(join(session.local, 'b-again'), 'utf8')).toBe('b1');
    expect(await session.history('src')).not.toEqual([]);
    expect((await session.cai.run(['show', '999999'])).code).toBe(3);
  });

  test('a conflict: text is merged or one side gives way, both are told, nothing is lost', async () => {
    const session = await watch(container, { args: ['--conflicts', 'newest'] });
    session.put({ notes: 'common\n' });
    await session.same();
    await session.cai.json(['pause', session.name]);
    session.put({ notes: { content: 'near\n', mtime: new Date(Date.now() - 60_000) } });
    await session.far('echo far > notes');
    await session.cai.json(['resume', session.name]);
    await session.same();
    expect(readFileSync(join(session.local, 'notes'), 'utf8')).toBe('far\n');
    const { conflicts } = await session.status();
    expect(conflicts).toMatchObject([
      { path: 'notes', time: number, settled: 'container', version: text, summary: text },
    ]);
    const shown = await session.cai.run(['show', conflicts[0]?.version ?? '']);
    expect(shown.stdout).toBe('near\n');
    expect((await session.history())[0]).toMatchObject({ reason: 'conflict', side: 'local' });
  });

  test('--conflicts manual leaves both as they are until someone decides', async () => {
    const session = await watch(container, { args: ['--conflicts', 'manual'] });
    session.put({ notes: 'common\n' });
    await session.same();
    await session.cai.json(['pause', session.name]);
    session.put({ notes: 'near\n' });
    await session.far('echo far > notes');
    await session.cai.json(['resume', session.name]);
    const { conflicts } = await session.flush(9);
    expect(conflicts).toMatchObject([{ path: 'notes', settled: 'open' }]);
    expect(await session.far('cat notes')).toBe('far\n');
    expect((await session.cai.run(['status', session.name])).code).toBe(9);
    writeFileSync(join(session.local, 'notes'), 'far\n');
    await session.flush();
    expect((await session.status()).conflicts).toEqual([]);
  });

  test('the JSON of status, list, flush, unwatch and logs is as documented', async () => {
    const session = await watch(container);
    session.put({ 'd/a': 'abc' });
    expect(await session.flush()).toEqual({ ms: number, problems: [], conflicts: [], holds: [] });
    rmSync(join(session.local, 'd/a'));
    await session.flush();
    const { name, local, root } = session;
    const address = `${container.name}:${root}`;
    const status = await session.status();
    const identity = { name, id: text, local, container: address, mode: 'two-way' };
    expect(status).toEqual({
      ...identity,
      state: 'watching',
      since: number,
      pid: number,
      ready: true,
      files: 0,
      directories: 1,
      bytes: 0,
      link: { transport: 'docker exec', roundTripMs: number, clockSkewMs: number },
      transfers: status.transfers,
      totals: {
        toContainer: { files: 3, bytes: 3, last: number },
        toLocal: { files: 0, bytes: 0 },
      },
      problems: [],
      conflicts: [],
      holds: [],
      secrets: [],
      leftovers: [],
      diverged: [],
      pending: 0,
      unsaved: number,
      localChanges: 'live',
      waiting: 0,
      lastHour: { toContainer: 3, toLocal: 0 },
      transferEngine: {
        engine: 'rsync',
        local: text,
        container: text,
        carried: { files: 0, bytes: 0, linkBytes: 0 },
      },
    });
    expect(status.transfers).toEqual([
      { path: 'd/a', to: 'container', action: 'remove', kind: 'file', ms: number, time: number },
      {
        path: 'd/a',
        to: 'container',
        action: 'create',
        kind: 'file',
        size: 3,
        ms: number,
        time: number,
      },
      { path: 'd', to: 'container', action: 'create', kind: 'directory', ms: number, time: number },
    ]);
    const listed = { ...identity, state: 'watching', pid: number };
    expect(await session.cai.json(['list'])).toEqual([listed]);
    const events = await session.logged();
    expect(events.slice(0, 3)).toMatchObject([
      { type: 'state', state: 'syncing', time: number },
      { type: 'state', state: 'watching', time: number },
      { type: 'ready', files: 0, bytes: 0, ms: number, time: number },
    ]);
    const told = events.flatMap((event) => (event.type === 'transfer' ? [event.transfer] : []));
    expect(told.map(({ path, action }) => `${action} ${path}`)).toEqual([
      'create d',
      'create d/a',
      'remove d/a',
    ]);
    expect(await session.cai.json(['unwatch', name])).toEqual([
      { name, id: status.id, wasRunning: true },
    ]);
    expect(await session.cai.json(['list'])).toEqual([]);
    expect((await session.logged()).at(-1)).toMatchObject({ type: 'state', state: 'stopped' });
  });

  test('containai.toml says what to watch', async () => {
    const root = await newRoot(container);
    const local = temporaryDirectory();
    const cai = newCai();
    const config = `[sync]\nremote = "${container.name}:${root}"\nignore = ["*.tmp"]\n`;
    writeFileSync(join(local, 'containai.toml'), config);
    writeFileSync(join(local, 'x.tmp'), '');
    const started = await cai.json<SessionStatus>(['watch', '-d'], { cwd: local });
    const { stdout } = await container.exec(['ls', root]);
    expect(stdout).toBe('containai.toml\n');
    expect((await cai.run(['unwatch', started.name])).code).toBe(0);
  });
});

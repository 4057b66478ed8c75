/**
 * The container, the engine's client or the agent goes away under a live session: the session says so,
 * comes back by itself, and brings over what happened meanwhile on both sides.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Container, docker, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { agentPid, linkClient } from '../support/processes.ts';
import { type Watched, watch } from '../support/session.ts';
import { waitFor } from '../support/wait.ts';

/** Far beyond the longest delay between two tries to reconnect. */
const deadline = 60_000;

async function prepared(container: Container): Promise<Watched> {
  const session = await watch(container);
  session.put({ keep: '1', edit: '1', 'dir/remove-near': '1', 'dir/remove-far': '1', script: '1' });
  await session.same();
  // Before that, a removal while a killed session is away is no removal to the next one.
  await session.until('written down', ({ unsaved }) => unsaved === 0, deadline);
  return session;
}

function editNear(session: Watched): void {
  session.put({ edit: 'edited near', 'new/near': 'n' });
  rmSync(join(session.local, 'dir/remove-near'));
}

const editFar = 'rm dir/remove-far; mkdir there; echo f > there/far; chmod +x script';

async function expectAll(session: Watched): Promise<void> {
  await session.until('watching again', ({ state }) => state === 'watching', deadline);
  const rows = await session.same();
  expect(rows.map(({ path }) => path)).toEqual([
    'dir',
    'edit',
    'keep',
    'new',
    'new/near',
    'script',
    'there',
    'there/far',
  ]);
  expect(rows.find(({ path }) => path === 'script')?.executable).toBe(true);
  expect(await session.status()).toMatchObject({ problems: [], holds: [], conflicts: [] });
}

const isDown = ({ state }: { readonly state: string }) =>
  state === 'disconnected' || state === 'connecting';

async function saidSo(session: Watched): Promise<void> {
  const states = (await session.logged()).flatMap((event) =>
    event.type === 'state' ? [event.state] : [],
  );
  expect(states).toContain('disconnected');
}

describeNeeding(['docker', 'linux'], 'an interruption', () => {
  test('the container is stopped, and started later', async () => {
    const container = await startContainer();
    const session = await prepared(container);
    await container.stop();
    const status = await session.until('disconnected', isDown);
    expect((await session.cai.run(['status', session.name])).code).toBe(9);
    expect(status.files).toBe(5);
    editNear(session);
    const { problems } = await session.until('a problem', (now) => now.problems.length > 0);
    expect(problems).toMatchObject([{ side: 'session', code: 'NO_CONTAINER' }]);
    expect(problems[0]?.next).toContain('start');
    const late = await session.cai.run(['flush', session.name, '--timeout', '0.5']);
    expect(late.code).toBe(8);
    await container.start();
    await session.far(editFar);
    await expectAll(session);
  });

  test('docker restart', async () => {
    const container = await startContainer();
    const session = await prepared(container);
    const restarted = docker(['restart', '-t', '5', container.name]);
    editNear(session);
    await restarted;
    await session.far(editFar);
    await expectAll(session);
    await saidSo(session);
  });

  test('docker kill, and started again', async () => {
    const container = await startContainer();
    const session = await prepared(container);
    await session.far(editFar);
    await container.kill();
    editNear(session);
    await session.until('disconnected', isDown);
    await container.start();
    await expectAll(session);
  });

  test('what an earlier run of the container left is taken over at once', async () => {
    const container = await startContainer();
    const session = await prepared(container);
    const owner = { pid: 1, started: '1', where: 'an earlier run', container: container.id };
    const line = { id: 'kept-00000000-1', path: 'lost' };
    await session.far(
      `mkdir .cai-stage-0123456789ab; cd .cai-stage-0123456789ab
      printf %s "$1" >owner; echo "$2" >kept.index; echo rescued >kept-00000000-1`,
      JSON.stringify(owner),
      JSON.stringify(line),
    );
    process.kill(linkClient((await session.status()).pid as number) as number, 'SIGKILL');
    // An owner of whom nothing is known is waited for, for a minute.
    const options = { what: 'it in the history', deadline: 30_000, every: 200 };
    const row = await waitFor(async () => (await session.history('lost'))[0], options);
    expect(row).toMatchObject({ reason: 'recovered', side: 'container' });
    expect(await session.far('ls -a | grep -c 0123456789ab || true')).toBe('0\n');
  });

  test('the container is frozen for longer than the heartbeat allows', async () => {
    const container = await startContainer();
    const session = await prepared(container);
    await docker(['pause', container.name]);
    editNear(session);
    await session.until('disconnected', isDown, deadline);
    await docker(['unpause', container.name]);
    await session.far(editFar);
    await expectAll(session);
    // The agent that was frozen must not go on beside the new one.
    const agents = async () =>
      (await container.exec(['pgrep', '-x', '-c', 'node'])).stdout.trim() === '1';
    await expect.poll(agents, { timeout: 30_000, interval: 200 }).toBe(true);
  });

  test("the engine's client is killed", async () => {
    const container = await startContainer();
    const session = await prepared(container);
    const client = linkClient((await session.status()).pid as number) as number;
    process.kill(client, 'SIGKILL');
    editNear(session);
    await session.far(editFar);
    await expectAll(session);
    await saidSo(session);
  });

  test('the agent is killed', async () => {
    const container = await startContainer();
    const session = await prepared(container);
    await container.exec(['kill', '-9', String(await agentPid(container))]);
    editNear(session);
    await session.far(editFar);
    await expectAll(session);
    await saidSo(session);
  });

  test("the session's own process is killed, and the same watch goes on from there", async () => {
    const container = await startContainer();
    const session = await prepared(container);
    process.kill((await session.status()).pid as number, 'SIGKILL');
    await session.until('stopped', ({ state }) => state === 'stopped');
    editNear(session);
    await session.far(editFar);
    const again = [`${container.name}:${session.root}`, '-d'];
    await session.cai.json(['watch', session.local, ...again]);
    await expectAll(session);
  });
});

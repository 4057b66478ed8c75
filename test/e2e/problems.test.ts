/**
 * A path that cannot be synchronised is shown as a problem until it can, is tried again by itself, keeps
 * nothing else from going on, and lets `cai flush` end with 9.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Watched, watch } from '../support/session.ts';
import { snapshot } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

/** One problem, at one path; all else goes on. */
async function expectProblem(
  session: Watched,
  problem: { readonly side: string; readonly path: string; readonly code: string },
): Promise<void> {
  const { problems } = await session.flush(9);
  expect(problems).toMatchObject([problem]);
  const shown = await session.cai.run(['status', session.name]);
  expect(shown.code).toBe(9);
  expect(shown.stdout).toContain(problem.path.slice(0, 20));
  session.put({ 'goes-on': problem.code });
  await session.far('echo x > goes-on-too');
  await session.flush(9);
  expect(await session.far('cat goes-on')).toBe(problem.code);
  expect(snapshot(session.local).map(({ path }) => path)).toContain('goes-on-too');
}

/** By itself: without a flush, which would try everything at once. */
async function solved(session: Watched): Promise<void> {
  await session.until('no problem', ({ problems }) => problems.length === 0, 60_000);
  await session.same();
}

describeNeeding(['docker', 'linux'], 'a problem', () => {
  test('a file that the container’s user may not read', async () => {
    const container = await startContainer({ user: 'dev' });
    await container.exec(['mkdir', '/tmp/w']);
    const session = await watch(container, { root: '/tmp/w' });
    await container.exec(['sh', '-c', 'umask 077; echo secret > /tmp/w/closed'], { user: '0' });
    await expectProblem(session, { side: 'container', path: 'closed', code: 'PERMISSION' });
    await container.exec(['chmod', 'a+r', '/tmp/w/closed'], { user: '0' });
    await solved(session);
  });

  test('a directory that the container’s user may not read, and one where it may not write', async () => {
    const container = await startContainer({ user: 'dev' });
    await container.exec(['mkdir', '/tmp/w']);
    const session = await watch(container, { root: '/tmp/w' });
    const asRoot = (script: string) =>
      container.exec(['sh', '-ec', `cd /tmp/w; ${script}`], { user: '0' });
    await asRoot('mkdir -m 700 closed; echo x > closed/in');
    await expectProblem(session, { side: 'container', path: 'closed', code: 'PERMISSION' });
    await asRoot('chmod 755 closed');
    await solved(session);
    session.put({ 'closed/new': 'not allowed there' });
    await expectProblem(session, { side: 'container', path: 'closed/new', code: 'PERMISSION' });
    await asRoot('chown dev closed');
    await solved(session);
    await asRoot('chown 0:0 .; chmod 755 .');
    session.put({ small: 'no', large: 'n'.repeat(300_000) });
    const { problems } = await session.until('both', (status) => status.problems.length === 2);
    for (const { code, message } of problems) {
      expect(code).toBe('PERMISSION');
      expect(message).toContain(
        'The user 1000 may not write in the root directory (owner 0:0, mode',
      );
    }
    await asRoot('chown dev .');
    await solved(session);
  });

  test('a path that is too long for the container', async () => {
    const container = await startContainer();
    const root = `/w/${Array.from({ length: 19 }, () => 'r'.repeat(200)).join('/')}`;
    await container.exec(['mkdir', '-p', root]);
    const session = await watch(container, { root });
    const path = `${'l'.repeat(250)}/${'m'.repeat(250)}`;
    session.put({ [path]: 'too long in there' });
    await expectProblem(session, { side: 'container', path, code: 'NAME' });
    rmSync(join(session.local, 'l'.repeat(250)), { recursive: true });
    await solved(session);
  });

  test('a full disk in the container', async () => {
    const container = await startContainer({ tmpfs: ['/t:size=4m'] });
    await container.exec(['mkdir', '/t/w']);
    await container.exec(['sh', '-c', 'head -c 3000000 /dev/zero > /t/filler']);
    const session = await watch(container, { root: '/t/w' });
    session.put({ large: Buffer.alloc(2_000_000, 'l') });
    await expectProblem(session, { side: 'container', path: 'large', code: 'NO_SPACE' });
    // Neither half of a file nor what was staged of it stays and fills the disk for the others.
    expect(await session.far('ls')).not.toContain('large');
    session.put({ other: Buffer.alloc(500_000, 'o') });
    await session.flush(9);
    expect(await session.far('stat -c %s other')).toBe('500000\n');
    await container.exec(['rm', '/t/filler']);
    await solved(session);
  });

  test('too few inotify watches: what is not watched is polled, and that is said', async () => {
    const container = await startContainer();
    // The limit belongs to the user namespace: in one of its own nobody else is concerned.
    const script = 'echo 12 > /proc/sys/user/max_inotify_watches; exec "$@"';
    const through = ['unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh'];
    const session = await watch(container, { through });
    const directories = Array.from({ length: 40 }, (_, n) => `d${n}/e`);
    session.put(Object.fromEntries(directories.map((dir) => [`${dir}/f`, dir])));
    const { problems } = await session.until('the problem', (now) => now.problems.length > 0);
    expect(problems).toMatchObject([{ side: 'local', code: 'WATCHES' }]);
    expect(problems[0]?.next).toContain('fs.inotify.max_user_watches');
    await session.flush(9);
    session.put({ 'd39/e/f': 'edited where nothing watches', 'd0/e/f': 'and elsewhere' });
    await waitFor(
      async () =>
        (await session.far('cat d39/e/f d0/e/f')) === 'edited where nothing watchesand elsewhere',
      { what: 'the edits', every: 200 },
    );
    for (const dir of directories.slice(2)) {
      rmSync(join(session.local, dir, '..'), { recursive: true });
    }
    await session.until(
      'fewer',
      ({ problems: now, holds }) => now.length === 0 || holds.length > 0,
    );
  });
});

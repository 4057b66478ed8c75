/** Sessions in the background, through the command line as a process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { fakeConflict } from '../control/fake-session.ts';
import type { FakeBehaviour } from './fake-engine.ts';
import { alive, behave, bundleFakeCli, parse, removeCli, useCli } from './test-cli.ts';

// Each test runs many processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let entry: string;
beforeAll(async () => {
  entry = await bundleFakeCli();
});
afterAll(removeCli);

describe('a session in the background', () => {
  test('starts, is listed, steered, looked at and ended', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const started = await cli.run(['watch', '-d', 'proj', 'other', '--json']);
    expect(started).toMatchObject({ code: 0, stderr: '' });
    const status = parse<{ id: string; pid: number }>(started.stdout);
    expect(status).toMatchObject({
      name: 'proj',
      state: 'watching',
      ready: true,
      container: join(cli.top, 'other'),
    });

    // The same again is at its goal already.
    const again = await cli.run(['watch', '-d', 'proj', './other', '--json']);
    expect(JSON.parse(again.stdout).pid).toBe(status.pid);
    expect(await cli.run(['watch', '-d', 'proj', 'other', '--mode', 'to-local'])).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('mode'),
    });

    const list = await cli.run(['list', '--json']);
    expect(JSON.parse(list.stdout)).toEqual([
      {
        id: status.id,
        name: 'proj',
        local: join(cli.top, 'proj'),
        container: join(cli.top, 'other'),
        mode: 'two-way',
        state: 'watching',
        pid: status.pid,
      },
    ]);
    expect(JSON.parse((await cli.run(['pause', '--json'])).stdout)).toMatchObject({
      state: 'paused',
    });
    expect((await cli.run(['resume', 'pro'])).stdout).toBe('proj  watching\n');
    expect((await cli.run(['approve'])).stdout).toBe('proj  nothing is held\n');
    expect(JSON.parse((await cli.run(['reject', '--json'])).stdout)).toEqual({ holds: [] });
    expect(await cli.run(['flush'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^flushed {2}proj in/),
    });
    expect(await cli.run(['status'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^proj {2}watching for/),
    });
    expect((await cli.run(['logs'])).stdout).toMatch(/ready {2}3 files, 1\.5 kB, in 12 ms\n/);

    expect(await cli.run(['unwatch'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('proj  ended'),
    });
    await waitFor(() => !alive(status.pid));
    expect(await cli.run(['status', 'proj'])).toMatchObject({ code: 3 });
    expect((await cli.run(['list', '--json'])).stdout).toBe('[]\n');
  });

  test('a start that fails gives its error and exit code, and leaves nothing on the list', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const watch = ['watch', 'proj', 'other'];
    const fail = { code: 'NO_CONTAINER', message: 'There is no web.', next: 'Start it.' } as const;
    const failed = {
      code: 5,
      stdout: '',
      stderr: 'error There is no web. (NO_CONTAINER)\n  Start it.\n',
    };
    behave(cli, 'proj', { fail });
    expect(await cli.run([...watch, '-d'])).toEqual(failed);
    expect(await cli.run(watch)).toMatchObject({ code: 5, stdout: '' });
    expect(JSON.parse((await cli.run(['list', '--json'])).stdout)).toEqual([]);
    // One that has worked stays, and status tells why it is stopped.
    behave(cli, 'proj', {});
    await cli.run([...watch, '-d']);
    const { pid } = parse<{ id: string; pid: number }>(
      (await cli.run(['status', '--json'])).stdout,
    );
    process.kill(pid, 'SIGTERM');
    await waitFor(() => !alive(pid));
    behave(cli, 'proj', { fail });
    expect(await cli.run([...watch, '-d'])).toEqual(failed);
    const status = await cli.run(['status']);
    expect(status).toMatchObject({ code: 9, stdout: expect.stringContaining('There is no web.') });
  });

  test('one that was killed is stopped, and the same watch takes it up', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const { pid } = parse<{ id: string; pid: number }>(
      (await cli.run(['watch', '-d', 'proj', 'other', '--json'])).stdout,
    );
    process.kill(pid, 'SIGKILL');
    await waitFor(() => !alive(pid));
    const status = await cli.run(['status', '--json']);
    expect([status.code, JSON.parse(status.stdout).state]).toEqual([9, 'stopped']);
    expect(await cli.run(['flush'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('cai watch'),
    });
    expect(await cli.run(['watch', '-d', 'proj', 'other'])).toMatchObject({ code: 0 });
  });

  test('what is open decides the exit codes of status and flush', async () => {
    const cases: [string, NonNullable<FakeBehaviour['status']>, number, number][] = [
      [
        'a problem',
        { problems: [{ side: 'local', path: 'x', code: 'IO', message: 'bad', since: 1 }] },
        9,
        9,
      ],
      ['an open conflict', { conflicts: [fakeConflict({ settled: 'open' })] }, 9, 9],
      ['a settled conflict', { conflicts: [fakeConflict({ settled: 'local' })] }, 0, 0],
      [
        'a hold',
        {
          holds: [
            {
              reason: 'mass-deletion',
              side: 'local',
              files: 60,
              since: 1,
              message: 'm',
              next: 'n',
            },
          ],
        },
        9,
        9,
      ],
      ['no connection', { state: 'disconnected' }, 9, 0],
    ];
    const cli = useCli(entry, 'proj', 'other');
    await cli.run(['watch', '-d', 'proj', 'other']);
    for (const [what, status, ofStatus, ofFlush] of cases) {
      behave(cli, 'proj', { status });
      const [shown, flushed] = await Promise.all([
        cli.run(['status']),
        cli.run(['flush', '--json']),
      ]);
      expect([what, shown.code, flushed.code]).toEqual([what, ofStatus, ofFlush]);
    }
  });

  test('those of containai.toml all at once, or one by its name', async () => {
    const cli = useCli(entry, 'proj/sub', 'a', 'b');
    const text =
      '[sync.one]\nremote = "../a"\n[sync.two]\nlocal = "sub"\nremote = "../b"\nmode = "to-local"\n';
    writeFileSync(join(cli.top, 'proj/containai.toml'), text);
    const inside = join(cli.top, 'proj/sub');
    // Roots that lie inside one another would feed each other.
    expect(await cli.run(['watch', '-d'], inside)).toMatchObject({ code: 4 });
    writeFileSync(
      join(cli.top, 'proj/containai.toml'),
      text.replace('[sync.two]\n', 'local = "sub"\n[sync.two]\n'),
    );
    expect(await cli.run(['watch'], inside)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('one, two'),
    });
    expect(await cli.run(['unwatch', '--all'])).toMatchObject({ code: 0 });
    const started = await cli.run(['watch', '-d', '--json'], inside);
    expect(JSON.parse(started.stdout)).toMatchObject([
      { name: 'one' },
      { name: 'two', mode: 'to-local' },
    ]);
    expect(JSON.parse((await cli.run(['status', '--json'])).stdout)).toHaveLength(2);
    expect(await cli.run(['pause'], cli.top)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('one, two'),
    });
    writeFileSync(join(cli.top, 'proj/containai.toml'), '[sync]\nremot = "x"\n');
    expect(await cli.run(['watch'], inside)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('containai.toml:2: '),
    });
  });
});

test('a reader that goes away is no failure', async () => {
  const cli = useCli(entry, 'proj', 'other');
  await cli.run(['watch', '-d', 'proj', 'other']);
  const follow = cli.start(['logs', '-f', '--json']);
  await waitFor(() => follow.stdout().includes('ready'));
  follow.signal('SIGINT');
  expect(await follow.ended).toMatchObject({ code: 0, stderr: '' });
});

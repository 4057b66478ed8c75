/** The command line as a process: what it prints where, and the exit codes (docs/cli.md). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { openSessionStore } from '../control/session-store.ts';
import { readRegistry } from '../control/sessions.ts';
import type { FakeBehaviour } from './fake-engine.ts';
import { bundleFakeCli, type Cli, removeCli, useCli } from './test-cli.ts';

// Each test runs many processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let entry: string;
beforeAll(async () => {
  entry = await bundleFakeCli();
});
afterAll(removeCli);

function behave(cli: Cli, directory: string, behaviour: FakeBehaviour): void {
  writeFileSync(join(cli.top, directory, '.cai-fake.json'), JSON.stringify(behaviour));
}

/** Puts a version into the history of the only session. */
function remember(cli: Cli, path: string, text: string): string {
  process.env.CAI_STATE_DIR = join(cli.top, 'state');
  const [record] = readRegistry().records;
  const store = openSessionStore(record as NonNullable<typeof record>);
  const digest = store.contents.putBytes(Buffer.from(text));
  const entry = {
    kind: 'file',
    digest,
    size: text.length,
    executable: false,
    mode: 0o644,
    mtime: 1,
  } as const;
  store.commit({
    base: [],
    events: [],
    versions: [{ path, side: 'container', time: 86_400_000, reason: 'removed', entry }],
  });
  const id = store.history({ limit: 1 })[0]?.id as string;
  store.close();
  return id;
}

describe('arguments', () => {
  test('help and version, with examples at every command', async () => {
    const cli = useCli(entry);
    const help = await cli.run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).not.toContain('__run');
    expect((await cli.run(['--version'])).stdout).toBe('0.0.0-test\n');
    expect((await cli.run([])).code).toBe(0);
    const names = [...help.stdout.matchAll(/^ {2}([a-z]+) /gm)].map((found) => found[1] as string);
    expect(names).toContain('watch');
    const pages = names.filter((name) => name !== 'help').map((name) => cli.run([name, '--help']));
    for (const { code, stdout } of await Promise.all(pages)) {
      expect([code, stdout]).toEqual([0, expect.stringContaining('Examples:')]);
    }
  });

  test('what is wrong is told: exit code 2, nothing on stdout', async () => {
    const cases: [string[], RegExp][] = [
      [['bogus'], /Unknown command 'bogus'/],
      [['status', '--bogus'], /Unknown option '--bogus'.*\n.*cai status --help/],
      [['watch', '.', 'web:/x', '--mode', 'sideways'], /two-way, to-container, to-local/],
      [['watch', '.'], /belong together/],
      [['flush', '--timeout', 'soon'], /seconds/],
      [['history', '--limit', '0'], /whole number/],
      [['show'], /Missing required argument/],
      [['watch'], /containai\.toml/],
    ];
    const cli = useCli(entry);
    const check = async ([args, message]: [string[], RegExp]) => {
      const { code, stdout, stderr } = await cli.run(args);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toMatch(message);
    };
    await Promise.all(cases.map(check));
  });

  test('with --json errors are objects on stdout', async () => {
    const { code, stdout, stderr } = await useCli(entry).run(['status', '--json']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'NO_SESSION', next: expect.stringContaining('cai watch') },
    });
  });
});

describe('a session in the background', () => {
  test('starts, is listed, steered, looked at and ended', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const started = await cli.run(['watch', '-d', 'proj', 'other', '--json']);
    expect(started).toMatchObject({ code: 0, stderr: '' });
    const status = JSON.parse(started.stdout);
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
    const { pid } = JSON.parse((await cli.run(['status', '--json'])).stdout);
    process.kill(pid, 'SIGTERM');
    await waitFor(() => !alive(pid));
    behave(cli, 'proj', { fail });
    expect(await cli.run([...watch, '-d'])).toEqual(failed);
    const status = await cli.run(['status']);
    expect(status).toMatchObject({ code: 9, stdout: expect.stringContaining('There is no web.') });
  });

  test('one that was killed is stopped, and the same watch takes it up', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const { pid } = JSON.parse((await cli.run(['watch', '-d', 'proj', 'other', '--json'])).stdout);
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
      [
        'an open conflict',
        { conflicts: [{ path: 'x', time: 1, settled: 'open', summary: 'both' }] },
        9,
        9,
      ],
      [
        'a settled conflict',
        { conflicts: [{ path: 'x', time: 1, settled: 'local', summary: 'both' }] },
        0,
        0,
      ],
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

describe('a session in the foreground', () => {
  const transfer = {
    path: 'a\u001b[31m',
    to: 'container',
    action: 'update',
    kind: 'file',
    size: 5,
    ms: 3,
    time: 1,
  } as const;

  test('off a terminal: ready first, then a line an event; Ctrl-C stops it, and the record stays', async () => {
    const cli = useCli(entry, 'proj', 'other');
    behave(cli, 'proj', { events: [{ time: 1, type: 'transfer', transfer }] });
    const watch = cli.start(['watch', 'proj', 'other']);
    await waitFor(() => watch.stdout().includes('→'));
    expect(watch.stdout()).toBe(
      'ready  3 files, 1.5 kB, in 12 ms\n→ a\\x1b[31m  update, 5 B, 3 ms\n',
    );
    expect(await cli.run(['status'])).toMatchObject({ code: 0 });
    watch.signal('SIGINT');
    expect(await watch.ended).toMatchObject({ code: 130 });
    const list = await cli.run(['list', '--json']);
    expect(JSON.parse(list.stdout)).toMatchObject([{ name: 'proj', state: 'stopped' }]);
  });

  test('as JSON: one event a line', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const watch = cli.start(['watch', 'proj', 'other', '--json']);
    await waitFor(() => watch.stdout().includes('"ready"'));
    watch.signal('SIGTERM');
    const { stdout } = await watch.ended;
    const types = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(types).toContain('ready');
  });

  test('a second watch looks on; its Ctrl-C leaves the session alone, and it ends with the session', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const owner = cli.start(['watch', 'proj', 'other']);
    await waitFor(() => owner.stdout().includes('ready'));
    const first = cli.start(['watch', 'proj', 'other']);
    const second = cli.start(['watch', 'proj', 'other']);
    await waitFor(() => first.stdout().startsWith('ready') && second.stdout().startsWith('ready'));
    first.signal('SIGINT');
    expect(await first.ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('goes on'),
    });
    expect(await cli.run(['status'])).toMatchObject({ code: 0 });
    await cli.run(['unwatch']);
    expect((await owner.ended).code).toBe(0);
    expect(await second.ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('has ended'),
    });
  });
});

describe('history', () => {
  test('lists, shows and restores, with the session running, stopped and ended', async () => {
    const cli = useCli(entry, 'proj/src', 'other');
    await cli.run(['watch', '-d', 'proj', 'other']);
    await cli.run(['unwatch']);
    const id = remember(cli, 'src/x', 'old\n');

    const rows = JSON.parse((await cli.run(['history', '--json'])).stdout);
    expect(rows).toEqual([
      {
        id,
        session: 'proj',
        path: 'src/x',
        side: 'container',
        time: '1970-01-02T00:00:00.000Z',
        reason: 'removed',
        kind: 'file',
        size: 4,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        kept: true,
        by: null,
      },
    ]);
    const inSrc = join(cli.top, 'proj/src');
    expect(JSON.parse((await cli.run(['history', 'x', '--json'], inSrc)).stdout)).toEqual(rows);
    expect(JSON.parse((await cli.run(['history', 'src', '--json'])).stdout)).toEqual(rows);
    expect(JSON.parse((await cli.run(['history', 'y', '--json'], inSrc)).stdout)).toEqual([]);
    expect(await cli.run(['history', '/etc/passwd'])).toMatchObject({ code: 2 });
    expect(await cli.run(['show', `proj#${id}`])).toEqual({ code: 0, stdout: 'old\n', stderr: '' });
    expect(await cli.run(['show', '99'])).toMatchObject({ code: 3, stdout: '' });

    expect(await cli.run(['restore', id])).toMatchObject({ code: 0, stdout: 'restored src/x\n' });
    await cli.run(['watch', '-d', 'proj', 'other']);
    writeFileSync(join(inSrc, 'x'), 'newer\n');
    const { displaced } = JSON.parse((await cli.run(['restore', id, '--json'])).stdout);
    expect((await cli.run(['show', displaced])).stdout).toBe('newer\n');
    expect((await cli.run(['show', id])).stdout).toBe('old\n');

    const outside = join(cli.top, 'copy');
    expect(await cli.run(['restore', id, '--to', '../../copy'], inSrc)).toMatchObject({ code: 0 });
    expect(await cli.run(['restore', id, '--to', outside])).toMatchObject({
      code: 10,
      stderr: expect.stringContaining('--force'),
    });
    expect(await cli.run(['restore', id, '--to', outside, '--force'])).toMatchObject({ code: 0 });
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

test('the doctor answers in the same shape whatever it finds', async () => {
  const { code, stdout } = await useCli(entry).run(['doctor', '--json']);
  const checks = JSON.parse(stdout) as { name: string; state: string; fix?: string }[];
  expect(checks.map((check) => check.name)).toEqual(
    expect.arrayContaining(['node', 'rsync', 'git', 'state directory']),
  );
  for (const check of checks)
    expect([check.name, check.state === 'ok' || check.fix !== undefined]).toEqual([
      check.name,
      true,
    ]);
  expect(code).toBe(checks.some((check) => check.state === 'fail') ? 9 : 0);
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

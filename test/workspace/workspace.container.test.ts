/**
 * The workspace's example session, as the documentation has it: `npm run rsync:local`, docker-compose up,
 * `docker exec mcp-workspace mcp …`; with the rsync client at the container's daemon, a container that is
 * recreated, and an end without remains.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { home } from '../../scripts/fresh.mjs';
import { newWorkspace, type Workspace } from '../support/compose.ts';
import { docker } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort, rsync } from '../support/rsync.ts';
import { makeTree, temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

interface LocalSide {
  readonly child: ChildProcess;
  readonly said: () => string;
}

describeNeeding(['docker', 'docker-compose', 'rsync'], 'the workspace', () => {
  let workspace: Workspace;
  let local: LocalSide;
  let root = '';
  let state = '';
  let port = 0;

  /** `npm run rsync:local -- --path DIR ARGS`. */
  function startLocal(...args: string[]): LocalSide {
    const own = ['--path', root, '--container', workspace.container, '--port', String(port)];
    const child = spawn('npm', ['run', '--silent', 'rsync:local', '--', ...own, ...args], {
      cwd: home,
      env: { ...process.env, CAI_STATE_DIR: state },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
    return { child, said: () => text };
  }
  const says = (pattern: RegExp, what: string, times = 1) =>
    waitFor(() => local.said().split(pattern).length > times, { what, deadline: 60_000 });
  const mcp = async (...args: string[]) => {
    const output = await workspace.exec('mcp', ...args);
    if (output.code !== 0)
      throw new Error(`mcp ${args.join(' ')}: ${output.stdout}${output.stderr}`);
    return output.stdout;
  };
  const inWorkspace = async (path: string) =>
    (await workspace.exec('cat', `/app/workspace/${path}`)).stdout;

  beforeAll(async () => {
    workspace = await newWorkspace();
    root = mkdtempSync(join(realpathSync(tmpdir()), 'cai-local-'));
    state = mkdtempSync(join(realpathSync(tmpdir()), 'cai-state-'));
    port = await freePort();
  });
  afterAll(() => {
    local?.child.kill('SIGKILL');
    for (const directory of [root, state]) rmSync(directory, { recursive: true, force: true });
  });

  test('the example session', { timeout: 240_000 }, async () => {
    makeTree(root, { 'src/index.ts': 'console.log(1);\n', 'notes.log': 'x', 'README.md': 'hi' });
    // 1. Start the local side; it waits. 2. Start the container. 3. The first sync, by hand.
    local = startLocal('--local-changes', 'manual');
    await says(/waiting for/, 'the local side to wait');
    await workspace.compose('up', '--detach');
    await says(/^ready/m, 'the session');
    expect(await inWorkspace('README.md')).toBe('');
    const some = await mcp('sync_from_local', '--path', 'src', 'notes.log', '--exclude', '*.log');
    expect(some).toContain('✅ Synced 2 path(s) from local to Docker workspace');
    expect(await inWorkspace('src/index.ts')).toBe('console.log(1);\n');
    expect(await inWorkspace('notes.log')).toBe('');
    expect(await mcp('sync_from_local')).toContain('✅ Synced 1 path(s)');
    expect(await inWorkspace('README.md')).toBe('hi');

    // The other way is live.
    expect(await mcp('edit_file', '--file-path', 'src/new.ts', '--content', 'made')).toContain(
      'src/new.ts',
    );
    await waitFor(() => existsSync(join(root, 'src/new.ts')));
    expect(readFileSync(join(root, 'src/new.ts'), 'utf8')).toBe('made');
    expect(await mcp('sync_to_local')).toContain('✅ Synced');
    const status = await mcp('sync_status');
    expect(status).toContain('watching');
    expect(status).toContain(root);
    expect(status).toMatch(
      /^Local → Docker: on sync_from_local, last sync (just now|\d+ s ago), 0 changes waiting$/m,
    );
    expect(status).toMatch(/^Docker → Local: real-time \(1 files synced in last hour\)/m);
    expect(status).toMatch(/^Workspace size: \d+ B in 4 files/m);
    expect(await workspace.exec('mcp', 'sync_from_local', '--wrong')).toMatchObject({ code: 2 });
    // What docker asks every 15 s.
    const health = ['node', '/opt/cai/cai.js', '__workspace', 'health'];
    await waitFor(async () => (await workspace.exec(...health)).code === 0, { what: 'health' });
    const { stdout } = await docker(['inspect', workspace.container]);
    expect(JSON.parse(stdout)[0].Config.Healthcheck.Test).toEqual(['CMD', ...health]);
  });

  test('its rsync daemon: the secret, and nothing else, opens the module, and nothing beyond it', async () => {
    const url = `rsync://mcp@127.0.0.1:${workspace.rsyncPort}/workspace/`;
    const target = temporaryDirectory();
    const file = await workspace.exec('stat', '-L', '-c', '%a %u', '/etc/rsyncd.secrets');
    expect(file.stdout.trim()).toBe('600 1000');
    const secret = (await workspace.exec('cat', '/etc/rsyncd.secrets')).stdout.trim();
    const password = secret.replace(/^mcp:/, '');
    expect(await rsync({ args: ['-a', url, target], password })).toMatchObject({ code: 0 });
    expect(readFileSync(join(target, 'src/new.ts'), 'utf8')).toBe('made');
    writeFileSync(join(target, 'pushed'), 'by rsync');
    expect(await rsync({ args: [join(target, 'pushed'), url], password })).toMatchObject({
      code: 0,
    });
    // What a client brings is a change of the container like any other.
    await waitFor(() => existsSync(join(root, 'pushed')));
    const wrong = await rsync({ args: [url], password: 'wrong' });
    expect(wrong).toMatchObject({ code: 5, stderr: expect.stringContaining('auth failed') });
    for (const path of ['../../etc/passwd', '../../../etc/passwd'])
      await rsync({ args: [`${url}${path}`, `${target}/`], password });
    expect(existsSync(join(target, 'passwd'))).toBe(false);
    await rsync({ args: [join(target, 'pushed'), `${url}../`], password });
    expect((await workspace.exec('ls', '/app')).stdout.trim()).toBe('workspace');

    const config = "sed 's/read only = no/read only = yes/' /etc/rsyncd.conf > /tmp/readonly.conf";
    const client = 'RSYNC_PASSWORD=$1 rsync /etc/hostname rsync://mcp@127.0.0.1:8730/workspace/';
    const daemon = 'rsync --daemon --config=/tmp/readonly.conf --port=8730';
    const script = `${config}; ${daemon}; i=0; until ${client} 2>/tmp/said || grep -q 'read only' /tmp/said || [ $i -gt 50 ]; do i=$((i+1)); sleep 0.1; done; cat /tmp/said`;
    const readOnly = await workspace.exec('sh', '-c', script, 'sh', password);
    expect(readOnly.stdout).toContain('read only');
  });

  test('a recreated container goes on with the same files, and orphans are reaped', async () => {
    await workspace.exec('sh', '-c', '(sleep 0.2 &) ; (sleep 0.1 &)');
    await docker(['rm', '-f', workspace.container]);
    await workspace.compose('up', '--detach');
    // At once: it waits for the server and for the session.
    expect(await mcp('sync_to_local')).toContain('✅ Synced');
    await waitFor(
      async () => (await workspace.exec('mcp', 'sync_status')).stdout.includes('watching'),
      {
        deadline: 60_000,
        what: 'the session to come back',
      },
    );
    await mcp('edit_file', '--file-path', 'after.txt', '--content', 'recreated');
    await waitFor(() => existsSync(join(root, 'after.txt')));
    writeFileSync(join(root, 'src/index.ts'), 'console.log(2);\n');
    await mcp('sync_from_local');
    expect(await inWorkspace('src/index.ts')).toBe('console.log(2);\n');
    await workspace.exec('sh', '-c', '(sleep 0.1 &) ; (sleep 0.1 &)');
    await waitFor(async () => {
      const { stdout } = await workspace.exec('sh', '-c', 'cat /proc/[0-9]*/status');
      return !/^State:\s+Z/m.test(stdout) && !/^Name:\s+sleep/m.test(stdout);
    });
  });

  test('a restarted container goes on, with what happened on the host meanwhile', async () => {
    await docker(['stop', '-t', '5', workspace.container]);
    writeFileSync(join(root, 'meanwhile.txt'), 'on the host');
    await docker(['start', workspace.container]);
    await mcp('edit_file', '--file-path', 'restarted.txt', '--content', 'and back');
    await waitFor(() => existsSync(join(root, 'restarted.txt')));
    await mcp('sync_from_local');
    expect(await inWorkspace('meanwhile.txt')).toBe('on the host');
  });

  test('both ends stop cleanly; without a session the container says how to attach one', async () => {
    local.child.kill('SIGTERM');
    await waitFor(() => local.child.exitCode !== null, { what: 'the local side to end' });
    const alone = await workspace.exec('mcp', 'sync_from_local');
    expect(alone.code).not.toBe(0);
    expect(alone.stderr).toContain('npm run rsync:local');
    expect(await mcp('sync_status')).toContain('npm run rsync:local');
    const before = Date.now();
    await docker(['stop', '-t', '10', workspace.container]);
    expect(Date.now() - before).toBeLessThan(6000);
    const { stdout } = await docker([
      'inspect',
      '--format',
      '{{.State.ExitCode}}',
      workspace.container,
    ]);
    expect(stdout.trim()).toBe('0');
  });
});

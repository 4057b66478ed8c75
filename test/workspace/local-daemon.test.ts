/** The local side's rsync daemon, asked by the plain rsync client. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { builtCli } from '../support/built.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort, rsync } from '../support/rsync.ts';
import { makeTree, snapshot, temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

interface Running {
  readonly root: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly secrets: string;
  readonly said: () => string;
}

/** `cai workspace` for a container that never comes. */
async function start(args: readonly string[] = [], port?: number): Promise<Running> {
  const root = temporaryDirectory();
  const state = temporaryDirectory('cai-state-');
  const chosen = port ?? (await freePort());
  const options = ['--path', root, '--container', 'cai-test-never', '--port', String(chosen)];
  const child = spawn(process.execPath, [builtCli(), 'workspace', ...options, ...args], {
    env: { ...process.env, CAI_STATE_DIR: state },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const secrets = join(state, 'rsyncd', String(chosen), 'secrets');
  return { root, port: chosen, child, secrets, said: () => said };
}

async function ready(args: readonly string[] = []): Promise<Running> {
  const running = await start(args);
  await waitFor(() => /waiting for/.test(running.said()), { what: 'the daemon', deadline: 20_000 });
  return running;
}

describeNeeding(['rsync', 'docker'], 'the local rsync daemon', () => {
  let target = '';
  beforeEach(() => {
    target = temporaryDirectory();
  });
  const module = ({ port }: Running, path = '') => `rsync://mcp@127.0.0.1:${port}/local/${path}`;
  const secretOf = ({ secrets }: Running) =>
    readFileSync(secrets, 'utf8').trim().replace(/^mcp:/, '');

  test('with the secret reads and writes, without it nothing; secrets and .git are not there', async () => {
    const running = await ready();
    const { root } = running;
    makeTree(root, {
      'src/a': 'content',
      '.env': 'SECRET=1',
      'sub/.ENV.local': 'x',
      '.env.example': 'SECRET=',
      'keys/id_rsa': 'k',
      '.git/hooks/post-commit': 'h',
    });
    const password = secretOf(running);
    expect(statSync(running.secrets).mode & 0o777).toBe(0o600);
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(await rsync({ args: ['-a', module(running), target], password })).toMatchObject({
      code: 0,
    });
    expect(snapshot(target).map(({ path }) => path)).toEqual([
      '.env.example',
      'keys',
      'src',
      'src/a',
      'sub',
    ]);
    writeFileSync(join(target, 'src/b'), 'from a client');
    await rsync({ args: ['-a', `${target}/src/`, module(running, 'src/')], password });
    expect(readFileSync(join(root, 'src/b'), 'utf8')).toBe('from a client');

    for (const wrong of ['wrong', '']) {
      const refused = await rsync({ args: ['-a', module(running), target], password: wrong });
      expect(refused.code).toBe(5);
      expect(refused.stderr).toContain('auth failed');
    }
    mkdirSync(join(target, 'more/.git/hooks'), { recursive: true });
    writeFileSync(join(target, 'more/.git/hooks/pre-commit'), 'evil');
    await rsync({ args: ['-a', `${target}/more/`, module(running)], password });
    expect(readdirSync(join(root, '.git/hooks'))).toEqual(['post-commit']);
  });

  test('nothing outside of the directory can be named or reached', async () => {
    const running = await ready();
    const password = secretOf(running);
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'passwd'), 'private');
    symlinkSync(outside, join(running.root, 'out'));
    for (const path of ['../', '../../../../etc/passwd', 'out/passwd', 'out/'])
      await rsync({ args: ['-r', module(running, path), `${target}/`], password });
    await rsync({ args: ['-rL', module(running), `${target}/`], password });
    expect(snapshot(target).filter(({ type }) => type === 'file')).toEqual([]);
    symlinkSync('/etc', join(target, 'link'));
    await rsync({ args: ['-a', `${target}/link`, module(running)], password });
    writeFileSync(join(target, 'cai-test-x'), 'x');
    await rsync({ args: ['-r', join(target, 'cai-test-x'), module(running, 'link/')], password });
    await rsync({ args: ['-r', join(target, 'cai-test-x'), module(running, '../')], password });
    expect(readdirSync('/etc')).not.toContain('cai-test-x');
    expect(readdirSync(join(running.root, '..'))).not.toContain('cai-test-x');
  });

  test('a read-only one takes nothing', async () => {
    const running = await ready(['--read-only']);
    const password = secretOf(running);
    writeFileSync(join(running.root, 'a'), 'a');
    expect(await rsync({ args: ['-a', module(running), target], password })).toMatchObject({
      code: 0,
    });
    writeFileSync(join(target, 'b'), 'b');
    const refused = await rsync({ args: ['-a', `${target}/`, module(running)], password });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('read only');
    expect(readdirSync(running.root)).toEqual(['a']);
  });

  test('it listens on loopback and the bridge only, and ends with its service', async () => {
    const running = await ready();
    const listening = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && local?.endsWith(hex(running.port)))
      .map(([, local]) => local?.split(':')[0]);
    expect(listening.length).toBeGreaterThan(0);
    expect(listening).not.toContain('00000000');
    expect(listening).toContain('0100007F');
    running.child.kill('SIGTERM');
    await waitFor(() => running.child.exitCode !== null, { what: 'the end' });
    const left = await rsync({ args: [`rsync://127.0.0.1:${running.port}/`] });
    expect(left.code).not.toBe(0);
  });

  test('a port that is taken is told, with what to do', async () => {
    const { port } = await ready();
    const second = await start([], port);
    await waitFor(() => second.child.exitCode !== null, { what: 'the end', deadline: 20_000 });
    expect(second.child.exitCode).toBe(7);
    expect(second.said()).toContain(`Port ${port} on 127.0.0.1 is taken.`);
    expect(second.said()).toContain('--port');
  });
});

function hex(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

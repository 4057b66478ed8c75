/** A workspace's container from its making to its end, and its data volume from machine to machine, as a person does it. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { ensureAgentImage } from '../../src/docker/agent-image.ts';
import { workspaceNames } from '../../src/home/names.ts';
import { builtCli } from '../support/built.ts';
import { type Cai, complaint, newCai } from '../support/cai.ts';
import { docker, images, type Output } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { random } from '../support/random.ts';
import { makeTree, temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

interface Machine extends Cai {
  /** The workspace. */
  readonly path: string;
  readonly container: string;
  readonly volume: string;
  /** As run, and fails unless it ends with 0. */
  ok(args: readonly string[]): Promise<Output>;
}

/** A machine: an own state and a workspace, whose container and volumes go with the test. */
function machine(name: string): Machine {
  const cai = newCai();
  const path = join(realpathSync(temporaryDirectory()), name);
  makeTree(path, { 'code.txt': 'code\n' });
  const { container, volume } = workspaceNames(path);
  onTestFinished(async () => {
    await cai.run(['unwatch', '--all']);
    await docker(['rm', '-f', container], { anyCode: true });
    const { stdout } = await docker(['volume', 'ls', '-q', '--filter', `name=${volume}`]);
    for (const each of stdout.split('\n').filter(Boolean))
      await docker(['volume', 'rm', '-f', each]);
  });
  const ok = async (args: readonly string[]): Promise<Output> => {
    const output = await cai.run(args, { cwd: path });
    if (output.code !== 0) throw new Error(complaint(args, output));
    return output;
  };
  return { ...cai, path, container, volume, ok };
}

/** Type, mode, owner, content or target of everything in the data volume of a running container. */
async function dataOf({ container }: Machine): Promise<string> {
  const script = `cd /home/agent/.containai/data && find . -mindepth 1 -printf '%P %y %m %U:%G %l\\n' | sort && find . -type f -exec sha256sum {} + | sort`;
  return (await docker(['exec', '-u', '0', container, 'sh', '-ec', script])).stdout;
}

describeNeeding(['docker'], 'the container of a workspace', () => {
  beforeAll(async () => {
    process.env.BASE_IMAGE = images.node;
    await ensureAgentImage({ command: ['docker'] });
  });

  test('lives, is made anew, and stops, and nothing is lost', async () => {
    const here = machine('My Shop');
    const ran = await here.ok([
      'run',
      '--',
      'sh',
      '-c',
      'cat code.txt; echo made > made.txt; id -un',
    ]);
    expect(ran.stdout).toBe('code\nagent\n');
    const data = '/home/agent/.containai/data';
    await here.ok(['run', '--', 'sh', '-c', `echo kept > ${data}/kept; exit 0`]);
    expect((await here.run(['run', '--', 'sh', '-c', 'exit 7'], { cwd: here.path })).code).toBe(7);
    await waitFor(() => existsSync(join(here.path, 'made.txt')));
    await docker(['exec', here.container, 'sh', '-c', 'echo last > last.txt']);
    const fresh = JSON.parse((await here.ok(['run', '--fresh', '--json'])).stdout);
    expect(fresh).toMatchObject({ container: here.container, volume: here.volume, made: true });
    expect(readFileSync(join(here.path, 'last.txt'), 'utf8')).toBe('last\n');
    expect((await here.ok(['run', '--', 'cat', `${data}/kept`, 'last.txt'])).stdout).toBe(
      'kept\nlast\n',
    );

    const asked = await here.run(['run', '--bind'], { cwd: here.path });
    expect(asked).toMatchObject({ code: 7, stderr: expect.stringContaining('--fresh') });
    const stopped = await here.ok(['stop', '--export']);
    const archive = stopped.stdout.trim().split('\n').at(-1) ?? '';
    expect(basename(archive)).toMatch(/^containai-export-\d{8}-\d{6}\.tgz$/);
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    const hot = await here.run(['import', here.path], { cwd: here.path });
    expect(hot).toMatchObject({ code: 5, stderr: expect.stringContaining('--data-volume') });

    const reset = JSON.parse((await here.ok(['run', '--reset', '--bind', '--json'])).stdout);
    expect(reset).toMatchObject({ former: here.volume, bind: true });
    expect(reset.volume).not.toBe(here.volume);
    const both = await here.ok(['run', '--', 'sh', '-c', `test ! -e ${data}/kept && cat last.txt`]);
    expect(both.stdout).toBe('last\n');
    await here.ok(['import', '--from', archive]);
    expect((await here.ok(['run', '--', 'cat', `${data}/kept`])).stdout).toBe('kept\n');
  });

  test('is synchronised as containai.toml says, and anew when that changes', async () => {
    const here = machine('rules');
    const file = join(here.path, 'containai.toml');
    writeFileSync(file, '[sync]\nignore = ["*.log"]\nconflicts = "manual"\nssh = "evil"\n');
    makeTree(here.path, { 'a.log': 'mine', 'b.txt': 'ours' });
    const list = ['run', '--', 'sh', '-c', 'echo *.log *.txt'];
    const first = await here.ok(list);
    expect(first.stdout).toBe('*.log b.txt code.txt\n');
    expect(first.stderr).toContain(`${file}:4: "sync.ssh" counts only in the user's own`);
    const options = async () => {
      const records = readdirSync(join(here.stateDirectory, 'sessions'));
      const record = join(here.stateDirectory, 'sessions', records[0] as string, 'session.json');
      return [records.length, JSON.parse(readFileSync(record, 'utf8')).options];
    };
    expect(await options()).toMatchObject([1, { conflicts: 'manual', ignore: ['*.log'] }]);
    writeFileSync(file, '[sync]\nconflicts = "local"\n');
    const second = await here.ok(list);
    expect(second.stdout).toBe('a.log b.txt code.txt\n');
    expect(second.stderr).toContain('with another ignore, conflicts from now on');
    expect(await options()).toMatchObject([1, { conflicts: 'local', ignore: [] }]);
    // A file that is half saved changes nothing.
    writeFileSync(file, '[sync]\nconflicts = ');
    expect((await here.ok(list)).stderr).toMatch(
      /^warning .*containai\.toml:2:.*\. It is left out\.\n$/,
    );
    expect(await options()).toMatchObject([1, { conflicts: 'local' }]);
  });

  test('is made from the image that is named, which is remembered', async () => {
    const here = machine('image');
    const base = `cai-test-base-${process.pid}-${Date.now()}`;
    const recipe = `FROM ${images.node}\nENV CAI_TEST_MARK=${base}\n`;
    await docker(['build', '-q', '-t', base, '-'], { input: recipe });
    const made: string[] = [base];
    onTestFinished(async () => {
      await docker(['rm', '-f', here.container], { anyCode: true });
      for (const each of made) await docker(['rmi', '-f', each], { anyCode: true });
    });
    const mark = ['--', 'sh', '-c', 'echo $CAI_TEST_MARK'];
    const output = await here.ok(['run', '--bind', '--image', base, '--json']);
    const first = JSON.parse(output.stdout) as { readonly image: string };
    made.push(first.image);
    expect(first).toMatchObject({ made: true, started: true });
    expect((await here.ok(['run', ...mark])).stdout).toBe(`${base}\n`);
    // The same again is the same container; another one would have to be made.
    expect((await here.ok(['run', '--image', base, ...mark])).stdout).toBe(`${base}\n`);
    const other = await here.run(['run', '--image', images.node], { cwd: here.path });
    expect(other).toMatchObject({ code: 7, stderr: expect.stringContaining('--fresh') });
    expect((await here.ok(['run', '--fresh', ...mark])).stdout).toBe(`${base}\n`);
  });

  test('takes the SSH agent there is when a shell begins, and none where there is none', async () => {
    const here = machine('ssh');
    await here.ok(['run', '--bind']);
    // An agent that says what it was asked: the message comes back behind its length.
    const socket = join(here.stateDirectory, 'agent.sock');
    const agent = createServer((each) => each.pipe(each));
    onTestFinished(() => void agent.close());
    await new Promise<void>((resolve) => void agent.listen(socket, resolve));
    const ask = `const s = require('node:net').connect(process.env.SSH_AUTH_SOCK);
      s.end(Buffer.alloc(200000, 'k')); let n = 0; s.on('data', (b) => (n += b.length)); s.on('end', () => console.log(n));`;
    process.env.SSH_AUTH_SOCK = socket;
    onTestFinished(() => void delete process.env.SSH_AUTH_SOCK);
    expect((await here.ok(['run', '--', 'node', '-e', ask])).stdout).toBe('200000\n');
    await here.ok(['shell']);
    delete process.env.SSH_AUTH_SOCK;
    expect((await here.ok(['run', '--', 'sh', '-c', 'echo "[$SSH_AUTH_SOCK]"'])).stdout).toBe(
      '[]\n',
    );
    const left = await docker(['exec', here.container, 'sh', '-c', 'ls /tmp']);
    expect(left.stdout).not.toContain('cai-ssh');
  });

  test('moves to another machine with its archive', async () => {
    const old = machine('old');
    const next = machine('new');
    await old.ok(['run', '--bind']);
    const furnish = `cd /home/agent/.containai/data; mkdir -p .claude/x; umask 077; echo '{"token":"t0ps3cret"}' > .claude.json
      echo 1 > .claude/x/a; ln -s ../../.claude.json .claude/x/link; ln -s /nowhere dangling; chmod 751 .claude/x`;
    await docker(['exec', old.container, 'sh', '-ec', furnish]);
    const archive = join(old.path, '..', 'containai-data.tgz');
    const before = await dataOf(old);
    const exported = await old.ok(['export', '-o', archive, '--verbose']);
    expect(exported.stdout).toBe(`${archive}\n`);
    expect(exported.stderr).not.toContain('t0ps3cret');
    const first = await next.ok(['import', '--from', archive]);
    expect(first.stdout).toContain('created');
    await next.ok(['run', '--bind']);
    expect(await dataOf(next)).toBe(before);
    const again = await next.ok(['import', '--from', archive, '--json']);
    const none = { created: [], updated: [], attributes: [], removed: [] };
    expect(JSON.parse(again.stdout)).toMatchObject(none);

    const third = machine('clean');
    const without = await third.ok(['import', '--from', archive, '--no-secrets', '--json']);
    const { leftOut } = JSON.parse(without.stdout) as { readonly leftOut: readonly string[] };
    expect(leftOut).toContain('.claude.json');
    const list = ['run', '--rm', '-v', `${third.volume}:/v`, images.node, 'ls', '-A', '/v'];
    const names = (await docker(list)).stdout.split('\n');
    expect(names).toContain('.claude');
    expect(names).not.toContain('.claude.json');

    const clean = join(old.path, '..', 'clean.tgz');
    await old.ok(['export', '-o', clean, '--no-secrets']);
    const { stdout } = await docker(['run', '--rm', '-i', images.node, 'tar', '-tz'], {
      input: readFileSync(clean),
    });
    expect(stdout).not.toContain('.claude.json');
    expect(stdout).toContain('.claude/x/link');

    const piped = await docker(['run', '--rm', '-i', images.node, 'sha256sum'], {
      input: await exportedToPipe(old),
    });
    expect(piped.stdout).toMatch(/^[0-9a-f]{64}/);
  });

  test('an export that is killed leaves no archive, and the next one sweeps up', async () => {
    const here = machine('killed');
    await docker(['volume', 'create', here.volume]);
    const fill = 'for n in 1 2 3; do head -c 9000000 /dev/urandom > /v/$n; done';
    await docker(['run', '--rm', '-v', `${here.volume}:/v`, images.node, 'sh', '-c', fill]);
    const archive = join(here.stateDirectory, 'x.tgz');
    const chance = random();
    console.info(`seed ${chance.seed}`);
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, [builtCli(), 'export', '-o', archive], {
        cwd: here.path,
        env: { ...process.env, CAI_STATE_DIR: here.stateDirectory },
        stdio: 'ignore',
      });
      const mine = `.cai-export-${child.pid}-`;
      const draft = (): boolean =>
        readdirSync(here.stateDirectory).some((name) => name.startsWith(mine));
      await waitFor(() => draft() || child.exitCode !== null, { deadline: 60_000 });
      await new Promise((resolve) => setTimeout(resolve, chance.below(700)));
      const gently = round === 2;
      child.kill(gently ? 'SIGINT' : 'SIGKILL');
      await waitFor(() => child.signalCode !== null || child.exitCode !== null);
      if (gently) {
        expect([0, 130]).toContain(child.exitCode);
        expect(draft()).toBe(false);
      }
      // Under its name there is nothing, or all of it.
      if (existsSync(archive)) gunzipSync(readFileSync(archive));
    }
    await here.ok(['export', '-o', archive]);
    expect(readdirSync(here.stateDirectory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await here.ok(['import', '--from', archive, '--dry-run']);
  });

  test('what is not there is named, and nothing is changed', async () => {
    const here = machine('empty');
    const run = (args: readonly string[]): Promise<Output> => here.run(args, { cwd: here.path });
    expect(await run(['export'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('no volume'),
    });
    expect(await run(['export', '--data-volume', '/etc'])).toMatchObject({ code: 2 });
    expect(await run(['export', '--container', 'cai-no-such'])).toMatchObject({ code: 5 });
    expect(await run(['export', '-o', '/no/such/dir/x.tgz'])).toMatchObject({ code: 4 });
    expect(await run(['stop'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('cai run'),
    });
    expect(await run(['shell'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('cai run'),
    });
    expect(await run(['run', '/no/such/directory'])).toMatchObject({ code: 4 });
    expect(await run(['run', '--image', images.plain])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('has no node'),
    });
    writeFileSync(join(here.path, 'bad.tgz'), 'no archive');
    expect(await run(['import', '--from', 'bad.tgz'])).toMatchObject({ code: 4 });
    const { stdout } = await docker(['volume', 'ls', '-q', '--filter', `name=${here.volume}`]);
    expect(stdout).toBe('');
    expect(readdirSync(here.path).sort()).toEqual(['bad.tgz', 'code.txt']);
  });
});

describeNeeding(['docker', 'linux'], 'a shell on a terminal', () => {
  test('has one in the container too, and ends with its own exit code', async () => {
    process.env.BASE_IMAGE = images.node;
    const here = machine('terminal');
    await here.ok(['run', '--bind']);
    const shell = await inTerminal(here, 'tty; test -t 2 && echo WIDE $(stty size); pwd; exit 7\n');
    expect(shell.stdout).toMatch(/^\/dev\/pts\/\d+\r$/m);
    expect(shell.stdout).toMatch(/^WIDE \d+ \d+\r$/m);
    expect(shell.stdout).toMatch(/^\/home\/agent\/workspace\r$/m);
    expect(shell.code).toBe(7);
  });
});

/** `cai shell` on a terminal of its own, which `input` is typed into. */
function inTerminal(from: Machine, input: string): Promise<Output> {
  const shell = `'${process.execPath}' '${builtCli()}' shell`;
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qec', shell, '/dev/null'], {
      cwd: from.path,
      env: { ...process.env, CAI_STATE_DIR: from.stateDirectory },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        text[name] += chunk.toString();
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, ...text }));
    child.stdin.write(input);
  });
}

function exportedToPipe(from: Machine): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [builtCli(), 'export', '-o', '-'], {
      cwd: from.path,
      env: { ...process.env, CAI_STATE_DIR: from.stateDirectory },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`cai export -o - ended with ${code}`));
    });
  });
}

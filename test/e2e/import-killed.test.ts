/** `cai import` whose own process is killed, or whose volume is full: the volume has the old state or the new one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ensureAgentImage } from '../../src/docker/agent-image.ts';
import { helperName } from '../../src/home/volume/helper.ts';
import { builtCli } from '../support/built.ts';
import { environment, newCai } from '../support/cai.ts';
import { createVolume, docker, images, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { random } from '../support/random.ts';
import { makeTree, temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

/** More with CAI_TEST_KILLS. */
const kills = Number(process.env.CAI_TEST_KILLS ?? 2);

async function inVolume(volume: string, script: string): Promise<string> {
  const run = ['run', '--rm', '--network', 'none', '-v', `${volume}:/v`, '-w', '/v', images.node];
  return (await docker([...run, 'sh', '-ec', script])).stdout;
}

/** Type, mode, owner, target and content of all that is in a volume, as it stands there: what cai left over too. */
const raw = (volume: string): Promise<string> =>
  inVolume(
    volume,
    "find . -mindepth 1 -printf '%P %y %m %U:%G %l\\n' | sort; find . -type f -exec sha256sum {} + | sort",
  );

async function helperRuns(volume: string): Promise<boolean> {
  const args = ['container', 'inspect', '--format', '{{.State.Status}}', helperName(volume)];
  return (await docker(args, { anyCode: true })).code === 0;
}

const fill = `for n in $(seq 300); do mkdir -p d$((n % 7)); echo $n > d$((n % 7))/$n; done
  ln -s d1/1 link; head -c 9000000 /dev/urandom > large; chmod 600 large`;
const change =
  'rm -r d1; echo other > d2/2; ln -sf d3/3 link; head -c 9000000 /dev/zero > zeros; chmod 640 large';

describeNeeding(['docker'], 'cai import', () => {
  beforeAll(async () => {
    vi.stubEnv('BASE_IMAGE', images.node);
    await ensureAgentImage({ command: ['docker'] });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  test('of an archive that is killed: all is old or all is new, and nothing is left over', async () => {
    const cai = newCai();
    const temporary = temporaryDirectory('cai-tmp-');
    const volume = await createVolume();
    const archives = ['one.tgz', 'two.tgz'].map((name) => join(cai.stateDirectory, name));
    const states: string[] = [];
    for (const [index, archive] of archives.entries()) {
      await inVolume(volume, index === 0 ? fill : change);
      const exported = await cai.run(['export', '--data-volume', volume, '-o', archive]);
      expect(exported.code).toBe(0);
      states.push(await raw(volume));
    }
    const start = (archive: string, piped: boolean): ChildProcess => {
      const args = ['import', '--data-volume', volume, '--from', piped ? '-' : archive];
      return spawn(process.execPath, [builtCli(), ...args], {
        env: { ...environment(cai.stateDirectory), TMPDIR: temporary },
        stdio: [piped ? openSync(archive, 'r') : 'ignore', 'ignore', 'ignore'],
      });
    };
    const chance = random();
    console.info(`seed ${chance.seed}`);
    for (let round = 0; round < kills; round += 1) {
      const child = start(archives[round % 2] as string, round % 2 === 1);
      const ended = new Promise((resolve) => child.once('close', resolve));
      const begun = async (): Promise<boolean> => child.exitCode !== null || helperRuns(volume);
      await waitFor(begun, { deadline: 60_000 });
      const delay = chance.below(700);
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await ended;
      // It lives until it has heard that nobody is there any more.
      await waitFor(async () => !(await helperRuns(volume)), { deadline: 60_000 });
      expect(readdirSync(temporary)).toEqual([]);
      expect(states, `killed after ${delay} ms`).toContain(await raw(volume));
    }
    for (const [index, archive] of archives.entries()) {
      const child = start(archive, index === 1);
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    }
    expect(await raw(volume)).toBe(states[1]);
  });

  test('into a volume without room for it says so, and changes nothing', async () => {
    const cai = newCai();
    const home = temporaryDirectory('cai-home-');
    makeTree(home, { '.vimrc': 'set nu', '.vim/large': 'x'.repeat(2_000_000), '.zshrc': 'z' });
    const small = `cai-test-small-${process.pid}-${Date.now()}`;
    const options = ['type=tmpfs', 'device=tmpfs', 'o=size=1m'].flatMap((each) => ['--opt', each]);
    await docker(['volume', 'create', '--driver', 'local', ...options, small]);
    // Its contents go when nobody uses it.
    const user = await startContainer({ volumes: [`${small}:/v`] });
    try {
      await user.exec(['sh', '-c', 'echo old > /v/.vimrc; mkdir /v/.vim']);
      const show = ['sh', '-c', 'cd /v && find . | sort && cat .vimrc && stat -c %Z .vim .vimrc'];
      const before = (await user.exec(show)).stdout;
      const args = ['import', '--from', home, '--data-volume', small];
      const full = await cai.run(args);
      expect(full).toMatchObject({ code: 10, stdout: '' });
      expect(full.stderr).toMatch(/no space|is full/i);
      expect(full.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
      expect((await user.exec(show)).stdout).toBe(before);
      makeTree(home, { '.vim/large': 'x' });
      expect((await cai.run(args)).code).toBe(0);
      expect((await user.exec(['cat', '/v/.vimrc'])).stdout).toBe('set nu');
    } finally {
      await user.remove();
      await docker(['volume', 'rm', small], { anyCode: true });
    }
  });
});

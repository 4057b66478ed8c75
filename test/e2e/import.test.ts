/** `cai import` and `cai sync` with real volumes and containers: the documentation's command lines, and what must not happen. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { ensureAgentImage } from '../../src/docker/agent-image.ts';
import { workspaceNames } from '../../src/home/names.ts';
import { openVolume } from '../../src/home/volume.ts';
import { builtCli } from '../support/built.ts';
import { type Cai, newCai } from '../support/cai.ts';
import {
  type Container,
  createVolume,
  docker,
  images,
  startContainer,
} from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { random } from '../support/random.ts';
import { type Made, makeTree, temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

const command = ['docker'];
const data = '/home/agent/.containai/data';
let image = '';

/** A home directory with something of each kind, secrets among it. */
const someHome: Readonly<Record<string, Made>> = {
  '.gitconfig': '[user]\n\tname = A\n[credential]\n\thelper = SECRET-git\n',
  '.vimrc': { content: 'set nu\n', mode: 0o640 },
  '.bashrc.d/a.sh': { content: 'export A=1\n', mode: 0o755 },
  '.bashrc.d/b.priv.sh': 'SECRET-priv',
  '.claude/settings.json': '{"host":1}',
  '.claude/.credentials.json': { content: 'SECRET-login', mode: 0o600 },
  '.claude/skills/s/SKILL.md': 'skill',
  '.claude/skills/s/rel': { link: 'SKILL.md' },
  '.claude.json': '{"oauth":"SECRET-claude"}',
  '.config/gh/hosts.yml': 'SECRET-gh',
  '.aider.conf.yml': 'SECRET-aider',
  '.ssh/id_ed25519': { content: 'SECRET-key', mode: 0o600 },
  '.vim/cache/big': 'cached',
};

interface Report {
  readonly volume: string;
  readonly madeVolume: boolean;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly removed: readonly string[];
  readonly kept: readonly { readonly path: string; readonly as: string }[];
}

interface Place {
  readonly cai: Cai;
  readonly home: string;
  readonly workspace: string;
  /** The workspace's own volume. */
  readonly volume: string;
  readonly container: string;
  run(args: readonly string[]): ReturnType<Cai['run']>;
  json(args: readonly string[]): Promise<Report>;
}

function place(spec = someHome): Place {
  const cai = newCai();
  const home = temporaryDirectory('cai-home-');
  const workspace = temporaryDirectory('cai-workspace-');
  makeTree(home, spec);
  symlinkSync(join(home, '.vimrc'), join(home, '.claude/skills/s/abs'));
  vi.stubEnv('HOME', home);
  const names = workspaceNames(workspace);
  onTestFinished(async () => {
    await docker(['volume', 'rm', '-f', names.volume], { anyCode: true });
  });
  return {
    cai,
    home,
    workspace,
    ...names,
    run: (args) => cai.run(args, { cwd: workspace }),
    json: (args) => cai.json<Report>(args, { cwd: workspace }),
  };
}

/** OWNER MODE CONTENT of everything in a volume. */
async function contents(name: string): Promise<Record<string, string>> {
  const volume = await openVolume({ command, name, image });
  try {
    const found: Record<string, string> = {};
    const paths = (await volume.list()).map(({ path }) => path);
    for await (const item of volume.read(paths)) {
      if (!item.found) continue;
      const { entry } = item;
      const bytes: Uint8Array[] = [];
      for await (const chunk of item.content) bytes.push(chunk);
      const text = entry.kind === 'link' ? `-> ${entry.target}` : Buffer.concat(bytes).toString();
      const mode = 'mode' in entry ? entry.mode.toString(8) : '';
      if (entry.path !== '.containai-import.json')
        found[entry.path] = [`${entry.uid}:${entry.gid}`, mode, text].filter(Boolean).join(' ');
    }
    return found;
  } finally {
    await volume.close();
  }
}

function running({ container }: Place, volume: string): Promise<Container> {
  return startContainer({ name: container, image, volumes: [`${volume}:${data}`] });
}

async function volumeNames(): Promise<string[]> {
  return (await docker(['volume', 'ls', '-q'])).stdout.split('\n');
}

describeNeeding(['docker'], 'cai import', () => {
  beforeAll(async () => {
    vi.stubEnv('BASE_IMAGE', images.node);
    image = await ensureAgentImage({ command });
  });
  beforeEach(() => {
    vi.stubEnv('BASE_IMAGE', images.node);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  test('into the volume of the workspace: a preview, the import, and a second one that changes nothing', async () => {
    const here = place();
    const preview = await here.run(['import', '--dry-run', '--verbose']);
    expect(preview.code).toBe(0);
    for (const line of [
      /^excludes: .*cache\//m,
      /^filtered +\.gitconfig +without credential\.helper$/m,
      /^placeholder +\.claude\.json +a credential/m,
      /^skipped +\.bashrc\.d\/b\.priv\.sh +private/m,
      /^skipped +\.vim\/cache +excluded by cache\/$/m,
      /^would create \.vimrc$/m,
    ])
      expect(preview.stdout).toMatch(line);
    expect(await volumeNames()).not.toContain(here.volume);

    const report = await here.json(['import']);
    expect(report).toMatchObject({ volume: here.volume, madeVolume: true, kept: [] });
    const expected = {
      '.gitconfig': '1000:1000 644 [user]\n\tname = A\n',
      '.vimrc': '1000:1000 640 set nu\n',
      '.bashrc.d': '1000:1000 755',
      '.bashrc.d/a.sh': '1000:1000 755 export A=1\n',
      '.claude': '1000:1000 700',
      '.claude/settings.json': '1000:1000 644 {"host":1}',
      '.claude/.credentials.json': '1000:1000 600',
      '.claude/skills/s/SKILL.md': '1000:1000 644 skill',
      '.claude/skills/s/rel': '1000:1000 -> SKILL.md',
      '.claude/skills/s/abs': '1000:1000 -> ../../../.vimrc',
      '.claude.json': '1000:1000 600 {}\n',
      '.config': '1000:1000 755',
      '.config/gh': '1000:1000 700',
      '.config/gh/hosts.yml': '1000:1000 600 SECRET-gh',
      '.aider.conf.yml': '1000:1000 600 SECRET-aider',
    };
    const found = await contents(here.volume);
    expect(found).toMatchObject(expected);
    expect(Object.keys(found).filter((path) => /ssh|priv|cache/.test(path))).toEqual([]);
    const again = await here.json(['import']);
    expect(again).toMatchObject({ madeVolume: false, created: [], updated: [], removed: [] });
    expect(await contents(here.volume)).toEqual(found);
  });

  test('--no-secrets, --from DIR, --data-volume, --config and --no-excludes', async () => {
    const here = place();
    const volume = await createVolume();
    const other = temporaryDirectory('cai-other-');
    makeTree(other, { ...someHome, '.zshrc': 'other' });
    const config = join(here.workspace, 'own.toml');
    writeFileSync(config, `data_volume = "${volume}"\n[import]\nadditional_paths = ["~/.ssh"]\n`);
    const first = await here.run([
      ...['import', '--no-secrets', '--from', other, '--config', config, '--no-excludes'],
    ]);
    expect(first.stderr).toContain(`own.toml:3 also imports ~/.ssh`);
    const found = await contents(volume);
    expect(JSON.stringify(found)).not.toContain('SECRET');
    expect(found['.zshrc']).toBe('1000:1000 644 other');
    expect(found['.vim/cache/big']).toBe('1000:1000 644 cached');
    const named = await here.json(['import', '--data-volume', volume, '--config', config]);
    expect(named).toMatchObject({ volume, madeVolume: false });
    expect((await contents(volume))['.ssh/id_ed25519']).toBe('1000:1000 600 SECRET-key');
  });

  test('a running container is brought up to date, by workspace and by name', async () => {
    const here = place();
    const absent = await here.run(['import', here.workspace]);
    expect(absent).toMatchObject({ code: 5, stdout: '' });
    expect(absent.stderr).toContain(`cai import --data-volume ${here.volume}`);
    const recipes = 'additional_paths = ["~/.ssh", "~/.claude/.credentials.json"]';
    writeFileSync(join(here.workspace, 'containai.toml'), `[import]\n${recipes}\n`);
    makeTree(here.home, {
      '.config/containai/manifests/mine.toml': '[[entries]]\nsource = ".mytool"\nflags = "d"\n',
      '.mytool/x': 'mine',
    });
    await here.run(['import']);
    const container = await running(here, here.volume);
    const asAgent = (script: string) => container.exec(['sh', '-c', script], { user: '1000' });
    const inside = async (path: string) => (await asAgent(`cat ${path}`)).stdout;
    await waitFor(async () => (await inside('/home/agent/.vimrc')) === 'set nu\n');
    expect(await inside('/home/agent/.ssh/id_ed25519')).toBe('SECRET-key');
    expect(await inside('/home/agent/.claude/.credentials.json')).toBe('SECRET-login');
    expect(await inside('/home/agent/.mytool/x')).toBe('mine');

    writeFileSync(join(here.home, '.vimrc'), 'set nonu\n');
    writeFileSync(join(here.home, '.inputrc'), 'new');
    const byPath = await here.run(['import', here.workspace]);
    expect(byPath.stdout).toMatch(/^update \.vimrc$/m);
    expect(byPath.stdout).toMatch(/container \S+ is up to date: 0 moved, 1 linked/);
    expect(await inside('/home/agent/.vimrc')).toBe('set nonu\n');
    expect(await inside('/home/agent/.inputrc')).toBe('new');

    // The container changes two files, one through its link and one in the link's place, and puts a
    // file where a directory was; the host changes the same two, and takes a third away.
    await asAgent('cd ~ && echo mine > .claude/settings.json && rm .vimrc && echo mine > .vimrc');
    await asAgent('cd ~/.containai/data && rm -r .bashrc.d && echo mine > .bashrc.d');
    writeFileSync(join(here.home, '.vimrc'), 'set list\n');
    writeFileSync(join(here.home, '.claude/settings.json'), '{"host":2}');
    rmSync(join(here.home, '.inputrc'));
    const byName = await here.json(['import', '--container', here.container]);
    const changed = ['.bashrc.d', '.claude/settings.json', '.vimrc'];
    const kept = changed.map((path) => ({ path, as: `${path}.before-import` }));
    expect(byName.kept).toEqual(kept);
    for (const { as } of kept) expect(await inside(`${data}/${as}`)).toBe('mine\n');
    expect(await inside('/home/agent/.vimrc')).toBe('set list\n');
    expect(await inside('/home/agent/.bashrc.d/a.sh')).toBe('export A=1\n');
    expect(byName.removed).toEqual(['.inputrc']);
    expect(await inside('/home/agent/.claude/settings.json')).toBe('{"host":2}');

    await container.stop();
    const stopped = await here.run(['import', '--workspace', here.workspace]);
    expect(stopped.code).toBe(5);
    expect(stopped.stderr).toMatch(/is not running[\s\S]*cai import --data-volume .*cai run/);
  });

  test('--watch brings over what changes, and leaves what the container changed', async () => {
    const here = place({
      '.vimrc': 'one',
      '.claude/skills/s/x': 'x',
      '.claude/settings.json': '{"a":1}',
    });
    const volume = await createVolume();
    const container = await running(here, volume);
    const child = spawn(process.execPath, [builtCli(), 'import', '--watch', here.workspace], {
      env: { ...process.env, CAI_STATE_DIR: here.cai.stateDirectory },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const inside = async (path: string) =>
      (await container.exec(['cat', `/home/agent/${path}`], { anyCode: true })).stdout;
    const soon = { deadline: 40_000, every: 100 };
    await waitFor(async () => (await inside('.vimrc')) === 'one', soon);
    const write = 'echo mine > /home/agent/.claude/settings.json';
    await container.exec(['sh', '-c', write], { user: '1000' });
    writeFileSync(join(here.home, '.vimrc'), 'two');
    await waitFor(async () => (await inside('.vimrc')) === 'two', soon);
    mkdirSync(join(here.home, '.config/nvim'), { recursive: true });
    writeFileSync(join(here.home, '.config/nvim/init.lua'), 'three');
    await waitFor(async () => (await inside('.config/nvim/init.lua')) === 'three', soon);
    expect(await inside('.claude/settings.json')).toBe('mine\n');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
  });

  test('killed at any moment, the volume has the old state or the new one; no secret shows anywhere', async () => {
    const here = place();
    const before = await createVolume();
    const { volume } = await here.json(['import', '--data-volume', before]);
    const old = await contents(volume);
    for (let n = 0; n < 200; n += 1)
      writeFileSync(join(here.home, '.bashrc.d', `n${n}.sh`), `${n}`);
    const source = random();
    console.info(`seed ${source.seed}`);
    const env = { ...process.env, CAI_STATE_DIR: here.cai.stateDirectory };
    const shown: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const args = [builtCli(), 'import', '--data-volume', volume, '--verbose'];
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => shown.push(chunk.toString()));
      const ended = new Promise((resolve) => child.once('close', resolve));
      const looking = setInterval(() => shown.push(...commandLines()), 50);
      const timer = setTimeout(() => child.kill('SIGKILL'), 300 + source.below(1200));
      await ended;
      clearTimeout(timer);
      clearInterval(looking);
      const now = await contents(volume);
      const isNew = now['.bashrc.d/n0.sh'] !== undefined;
      const many = Object.keys(now).filter((path) => path.includes('.bashrc.d/n')).length;
      expect(many).toBe(isNew ? 200 : 0);
      if (!isNew) expect(now).toEqual(old);
    }
    await here.json(['import', '--data-volume', volume]);
    expect(Object.keys(await contents(volume))).toContain('.bashrc.d/n199.sh');
    const list = ['run', '--rm', '-v', `${volume}:/v`, images.node, 'ls', '-A', '/v'];
    expect((await docker(list)).stdout).not.toContain('.cai-volume');
    expect(shown.join('\n')).not.toContain('SECRET');
  });

  test('two at once: one waits for the other', async () => {
    const here = place();
    const volume = await createVolume();
    const args = ['import', '--data-volume', volume];
    const both = await Promise.all([here.run(args), here.run(args)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await here.json(args)).toMatchObject({ created: [], updated: [], removed: [] });
  });

  test('what is wrong is told with the next step, and makes no volume', async () => {
    const here = place();
    writeFileSync(join(here.home, '.bashrc.d/broken.toml'), '');
    const manifest = join(here.home, '.config/containai/manifests/x.toml');
    const cases: [string[], number, RegExp][] = [
      [['import', '--container', 'cai-none'], 5, /There is no container cai-none/],
      [['import', '--data-volume', '/etc'], 2, /is no volume name/],
      [['import', '--container', 'x', '--data-volume', 'y'], 2, /exclude each other/],
      [['import', here.workspace, '--workspace', '.'], 2, /the same thing/],
      [['import', '/nowhere'], 4, /There is no directory/],
      [['import', '--from', '/nowhere'], 4, /There is no \/nowhere to import from/],
      [['import', '--config', 'none.toml'], 2, /There is no configuration file/],
      [['import', '--docker', '/no/docker'], 5, /is not installed/],
      [['import', '--watch', '--dry-run'], 2, /exclude each other/],
      [['sync'], 2, /works in a container with a data volume/],
    ];
    for (const [args, code, message] of cases) {
      const said = await here.run(args);
      expect([args, said.code, said.stdout]).toEqual([args, code, '']);
      expect(said.stderr).toMatch(message);
      expect(said.stderr.split('\n').length).toBeLessThanOrEqual(3);
    }
    makeTree(here.home, { '.config/containai/manifests/x.toml': '[[entries]]\nsource = 1\n' });
    const broken = await here.run(['import']);
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining(`${manifest}:1:`) });
    expect(await volumeNames()).not.toContain(here.volume);
  });

  test('cai sync in the container: moves, keeps what gives way, and does nothing the second time', async () => {
    const here = place();
    const volume = await createVolume();
    const container = await running(here, volume);
    const sync = async (): Promise<{ outcome: string; path: string }[]> => {
      const args = ['cai', 'sync', '--json'];
      const { stdout } = await container.exec(args, { user: '1000' });
      return JSON.parse(stdout).actions;
    };
    await waitFor(async () => (await sync()).every(({ outcome }) => outcome === 'unchanged'));
    const script =
      'rm ~/.claude/settings.json; echo 1 > ~/.claude/settings.json; echo 2 > ~/.vimrc; mkdir -p ~/.config/nvim/lua';
    await container.exec(['sh', '-c', script], { user: '1000' });
    const moved = (await sync()).filter(({ outcome }) => outcome === 'moved');
    expect(moved.map(({ path }) => path).sort()).toEqual(['.claude/settings.json', '.vimrc']);
    expect(await contents(volume)).toMatchObject({
      '.claude/settings.json': '1000:1000 644 1\n',
      '.vimrc': '1000:1000 644 2\n',
    });
    expect((await sync()).every(({ outcome }) => outcome === 'unchanged')).toBe(true);
    const { stdout } = await container.exec(['readlink', '/home/agent/.vimrc']);
    expect(stdout.trim()).toBe(`${data}/.vimrc`);

    // Killed at some moments (at every step: src/home/sync/killed.test.ts), all contents are there, and the next run completes it.
    const chance = random();
    console.info(`seed ${chance.seed}`);
    const count = 300;
    const furnish = `rm -r ~/.vim ~/.containai/data/.vim; mkdir ~/.vim && cd ~/.vim && for n in $(seq ${count}); do echo old$n > $n; done`;
    const outside = `cp -r ~/.vim ~/seen && mkdir ~/.containai/data/.vim && echo volume > ~/.containai/data/.vim/7`;
    await container.exec(['sh', '-ec', `${furnish} && ${outside}`], { user: '1000' });
    for (let round = 0; round < 3; round += 1) {
      const seconds = (0.08 + chance.next() * 0.3).toFixed(3);
      const kill = ['timeout', '-s', 'KILL', seconds, 'cai', 'sync'];
      await container.exec(kill, { user: '1000', anyCode: true });
      const all = 'cat ~/.vim/* ~/.vim.*/* ~/.containai/data/.vim/* 2>/dev/null | sort -u';
      const held = (await container.exec(['sh', '-c', all], { user: '1000' })).stdout.split('\n');
      expect(
        held.filter((text) => /^(old\d+|volume)$/.test(text)),
        `after ${seconds} s`,
      ).toHaveLength(count + 1);
    }
    await sync();
    const same =
      'readlink ~/.vim; cd ~/seen; for n in *; do cmp -s $n ~/.vim/$n || echo $n; done; cat ~/.vim/7.before-sync; ls -A ~ ~/.vim | grep -c cai-sync';
    const after = await container.exec(['sh', '-c', same], { user: '1000', anyCode: true });
    expect(after.stdout).toBe(`${data}/.vim\n7\nold7\n0\n`);
  });
});

/** Of every process of this machine. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        return [];
      }
    });
}

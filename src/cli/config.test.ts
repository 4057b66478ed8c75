/** `cai config` as a process. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleFakeCli, parse, removeCli, useCli } from './test-cli.ts';

let entry: string;
beforeAll(async () => {
  entry = await bundleFakeCli();
});
afterAll(removeCli);

test('shows every value and where it comes from, live sync too', async () => {
  const cli = useCli(entry, 'p/sub');
  const file = join(cli.top, 'p', 'containai.toml');
  writeFileSync(file, 'excludes = ["a", "b"]\nslip = 1\n\n[sync]\nremote = "web:/app"\n');
  const { code, stdout, stderr } = await cli.run(['config', 'p/sub']);
  expect(code).toBe(0);
  expect(stdout).toContain(`workspace ${join(cli.top, 'p', 'sub')}\n`);
  expect(stdout).toMatch(new RegExp(`^excludes +a, b +${file}:1$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^sync\\.remote +web:/app +${file}:5$`, 'm'));
  expect(stdout).toMatch(/^data_volume +cai-sub-[0-9a-f]{10}-data +the workspace's path$/m);
  expect(stderr).toMatch(/^warning .*:2: there is no key "slip"/);
  const { settings } = parse<{ settings: { key: string; value: unknown; from: string }[] }>(
    (await cli.run(['config', '--json'], join(cli.top, 'p'))).stdout,
  );
  expect(settings).toContainEqual({ key: 'excludes', value: ['a', 'b'], from: `${file}:1` });
  expect(settings).toContainEqual({ key: 'import.exclude_priv', value: true, from: 'default' });
});

test('live sync: each value of each session, the defaults and those of the user too', async () => {
  const cli = useCli(entry, 'p', 'config/containai');
  const file = join(cli.top, 'p', 'containai.toml');
  const user = join(cli.top, 'config/containai/config.toml');
  const shown = async (...args: string[]) => {
    const { stdout, stderr } = await cli.run(['config', 'p', '--json', ...args]);
    expect(stderr).toBe('');
    const { settings, warnings } = parse<Shown>(stdout);
    const found = settings.map(({ key, value, from }) => [key, [value, from]] as const);
    return { rows: Object.fromEntries(found), warnings };
  };
  expect((await shown()).rows).toMatchObject({
    'sync.mode': ['two-way', 'default'],
    'sync.settle': ['0.5ms', 'default'],
    'sync.history': [{ age: '14d', size: '1GiB' }, 'default'],
    'sync.docker': [null, 'default'],
  });
  writeFileSync(
    user,
    '[sync]\nsettle = "2ms"\nmode = "both"\nremote = "x:/y"\nconflicts = "local"\n',
  );
  writeFileSync(file, '[sync]\nconflicts = "manual"\n');
  const { rows, warnings } = await shown();
  expect(rows).toMatchObject({
    'sync.mode': ['two-way', 'default'],
    'sync.settle': ['2ms', `${user}:2`],
    'sync.conflicts': ['manual', `${file}:2`],
  });
  expect(warnings).toEqual([
    expect.stringContaining(`${user}:4: "sync.remote" counts only in a workspace's containai.toml`),
    expect.stringContaining(`${user}:3: "sync.mode" must be one of`),
  ]);
  writeFileSync(user, '[sync]\nsettle = "2ms"\n');
  writeFileSync(
    file,
    '[sync]\ngit = true\n[sync.a]\nremote = "a:/x"\n[sync.b]\nremote = "b:/x"\ngit = false\n',
  );
  expect((await shown()).rows).toMatchObject({
    'sync.git': [true, `${file}:2`],
    'sync.a.remote': ['a:/x', `${file}:4`],
    'sync.a.git': [true, `${file}:2`],
    'sync.b.git': [false, `${file}:7`],
    'sync.b.settle': ['2ms', `${user}:2`],
    'sync.b.conflicts': ['merge', 'default'],
  });
});

test("a session has the user's options; those of its command line go before them", async () => {
  const cli = useCli(entry, 'p', 'q', 'config/containai');
  const user = join(cli.top, 'config/containai/config.toml');
  writeFileSync(user, '[sync]\nmode = "to-container"\nignore = ["x"]\nconflict = 1\n');
  const ran = await cli.run(['watch', '-d', 'p', 'q', '--ignore', 'y']);
  expect(ran.stderr).toMatch(/^warning .*:4: there is no key "sync.conflict"/m);
  expect(ran.code).toBe(0);
  const sessions = join(cli.top, 'state/sessions');
  const file = join(sessions, readdirSync(sessions)[0] as string, 'session.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    options: { mode: 'to-container', ignore: ['y'] },
    chosen: { ignore: ['y'] },
  });
});

interface Shown {
  readonly settings: readonly { key: string; value: unknown; from: string }[];
  readonly warnings: readonly string[];
}

test('a named file is taken strictly, and a workspace must be there', async () => {
  const cli = useCli(entry, 'p');
  mkdirSync(join(cli.top, 'q'));
  writeFileSync(join(cli.top, 'x.toml'), 'slip = 1\n');
  const wrong = await cli.run(['config', '--config', 'x.toml']);
  expect(wrong).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(':1: there'),
  });
  expect(await cli.run(['config', 'nowhere'])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('There is no directory'),
  });
});

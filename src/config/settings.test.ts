/** Every source of a setting, their order, and what a wrong file gets. Real files. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { CaiError } from '../errors.ts';
import { originText } from './layers.ts';
import { loadSettings, type SettingsQuery } from './settings.ts';
import { writeWorkspaceState } from './workspace-state.ts';

function place(): { home: string; workspace: string; env: NodeJS.ProcessEnv } {
  const top = temporaryDirectory('cai-settings-');
  const home = join(top, 'home');
  const workspace = join(top, 'p', 'q');
  mkdirSync(join(home, '.config/containai'), { recursive: true });
  mkdirSync(workspace, { recursive: true });
  const before = process.env.CAI_STATE_DIR;
  process.env.CAI_STATE_DIR = join(top, 'state');
  onTestFinished(() => {
    if (before === undefined) delete process.env.CAI_STATE_DIR;
    else process.env.CAI_STATE_DIR = before;
  });
  return { home, workspace, env: { HOME: home } };
}

const userFile = (home: string) => join(home, '.config/containai/config.toml');

function volume(query: SettingsQuery): string {
  const { dataVolume, origins } = loadSettings(query);
  return `${dataVolume} ${originText(origins.dataVolume)}`;
}

test('flag, environment, state, workspace file, user file, default: in this order', () => {
  const { home, workspace, env } = place();
  const file = join(workspace, '..', 'containai.toml');
  const query: SettingsQuery = { workspace, env };
  expect(volume(query)).toBe('undefined default');
  writeFileSync(userFile(home), 'data_volume = "user"\n');
  expect(volume(query)).toBe(`user ${userFile(home)}:1`);
  writeFileSync(file, '# mine\ndata_volume = "near"\n');
  expect(volume(query)).toBe(`near ${file}:2`);
  writeWorkspaceState(workspace, { dataVolume: 'state' });
  expect(volume(query)).toMatch(/^state remembered in .*\/workspaces\/[0-9a-f]{16}\.json$/);
  const withEnv = { ...query, env: { ...env, CONTAINAI_DATA_VOLUME: 'env' } };
  expect(volume(withEnv)).toBe('env $CONTAINAI_DATA_VOLUME');
  expect(volume({ ...withEnv, flags: { dataVolume: 'flag' } })).toBe('flag --data-volume');
  writeWorkspaceState(workspace, { dataVolume: undefined });
  expect(volume(query)).toBe(`near ${file}:2`);
});

test("the user's file may speak of workspaces; the nearest counts", () => {
  const { home, workspace, env } = place();
  const above = join(workspace, '..');
  writeFileSync(
    userFile(home),
    `data_volume = "all"\n[workspace."${workspace}"]\ndata_volume = "this"\n[workspace."${above}"]\ndata_volume = "above"\nexcludes = ["x"]\n[workspace."${above}q"]\ndata_volume = "other"\n`,
  );
  expect(volume({ workspace, env })).toBe(`this ${userFile(home)}:3`);
  expect(loadSettings({ workspace, env }).excludes).toEqual(['x']);
});

test('a file that was found is taken leniently, one that was named strictly', () => {
  const { workspace, env } = place();
  const file = join(workspace, 'containai.toml');
  writeFileSync(file, 'excludes = ["a"]\n[import]\nadditional_path = []\nexclude_priv = "no"\n');
  const { excludes, excludePrivate, warnings } = loadSettings({ workspace, env });
  expect({ excludes, excludePrivate }).toEqual({ excludes: ['a'], excludePrivate: true });
  expect(warnings).toEqual([
    expect.stringContaining(`${file}:3: there is no key "import.additional_path"`),
    expect.stringContaining(`${file}:4: "import.exclude_priv" must be true or false`),
  ]);
  expect(() => loadSettings({ workspace, env, config: file })).toThrow(
    `${file}:3: there is no key`,
  );
  writeFileSync(file, 'excludes = [\n"a"');
  expect(loadSettings({ workspace, env })).toMatchObject({
    excludes: [],
    warnings: [expect.stringContaining(`${file}:2:`)],
  });
  const missing = { workspace, env, config: join(workspace, 'no.toml') };
  expect(() => loadSettings(missing)).toThrow(/There is no configuration file/);
});

test.each([
  ['data_volume = "/"', '"data_volume" must be a volume name'],
  ['data_volume = "a b"', '"data_volume" must be a volume name'],
  [
    '[import]\nadditional_paths = "~/.ssh"',
    ':2: "import.additional_paths" must be a list of texts',
  ],
  ['[restore]\nmax_entries = 0', ':2: "restore.max_entries" must be a whole number above 0'],
  ['docker = "sh -c evil"', `"docker" counts only in the user's own configuration`],
  ['import = 1', '"import" must be a table'],
  ['extra = 1', 'there is no key "extra"'],
])('%j is refused with its line', (text, message) => {
  const { workspace, env } = place();
  const config = join(workspace, 'x.toml');
  writeFileSync(config, text);
  try {
    loadSettings({ workspace, env, config });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CaiError);
    expect(error).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(message) });
  }
});

test('tables of others, [sync] among them, are left alone', () => {
  const { workspace, env } = place();
  const config = join(workspace, 'x.toml');
  writeFileSync(
    config,
    '[sync]\nremote = "a:/x"\n[other]\nx = 1\n[import]\nexclude_priv = false\n',
  );
  expect(loadSettings({ workspace, env, config })).toMatchObject({ excludePrivate: false });
});

test('a wrong name in the environment is told with its variable', () => {
  const { workspace, env } = place();
  const query = { workspace, env: { ...env, CONTAINAI_DATA_VOLUME: '../x' } };
  expect(() => loadSettings(query)).toThrow(/CONTAINAI_DATA_VOLUME.* must be a volume name/);
});

describeNeeding(['root'], 'files of others', () => {
  test('are not obeyed when they were only found', () => {
    const { workspace, env } = place();
    const file = join(workspace, 'containai.toml');
    writeFileSync(file, '[import]\nadditional_paths = ["~/.ssh"]\n');
    chownSync(file, 4242, 4242);
    const before = process.geteuid as () => number;
    process.geteuid = () => 1000;
    try {
      const { additionalPaths, warnings } = loadSettings({ workspace, env });
      expect({ additionalPaths, warnings }).toEqual({
        additionalPaths: [],
        warnings: [expect.stringContaining('belongs to another user (uid 4242)')],
      });
    } finally {
      process.geteuid = before;
    }
  });
});

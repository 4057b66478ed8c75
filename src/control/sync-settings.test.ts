/** What live sync is told by files, by a command line, and by what was chosen before. Real files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { originText } from '../config/layers.ts';
import type { SessionOptions } from './api.ts';
import { loadConfig } from './config.ts';
import { defaultOptions } from './defaults.ts';
import { prepareSession, type WatchRequest } from './prepare.ts';
import { loadSyncSettings, sessionSettings } from './sync-settings.ts';
import { useState } from './test-state.ts';

interface Place {
  readonly workspace: string;
  readonly file: string;
  readonly userFile: string;
}

function place(): Place {
  const top = useState('p/q', 'config/containai');
  vi.stubEnv('XDG_CONFIG_HOME', join(top, 'config'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const userFile = join(top, 'config/containai/config.toml');
  return { workspace: join(top, 'p'), file: join(top, 'p/containai.toml'), userFile };
}

function from(workspace: string, name: keyof SessionOptions): string {
  const { options, origins } = loadSyncSettings({ workspace });
  return `${JSON.stringify(options[name])} ${originText(origins[name])}`;
}

test("the workspace's file, then the user's, then the default", () => {
  const { workspace, file, userFile } = place();
  expect(loadSyncSettings({ workspace }).options).toEqual(defaultOptions);
  writeFileSync(userFile, '[sync]\nmode = "to-local"\ndocker = "docker --context x"\n');
  expect(from(workspace, 'mode')).toBe(`"to-local" ${userFile}:2`);
  expect(from(workspace, 'docker')).toBe(`["docker","--context","x"] ${userFile}:3`);
  writeFileSync(file, '[sync]\ngit = true\nmode = "to-container"\n');
  expect(from(workspace, 'mode')).toBe(`"to-container" ${file}:3`);
  expect(from(join(workspace, 'q'), 'git')).toBe(`true ${file}:2`);
  const own = `[workspace."${workspace}".sync]\nconflicts = "manual"\n`;
  writeFileSync(userFile, `[sync]\nconflicts = "local"\n${own}`);
  expect(from(workspace, 'conflicts')).toBe(`"manual" ${userFile}:4`);
});

test('a table with an address speaks of its own directory only', () => {
  const { workspace, file } = place();
  writeFileSync(file, '[sync]\nremote = "web:/app"\ngit = true\n');
  expect(from(workspace, 'git')).toBe(`true ${file}:3`);
  expect(from(join(workspace, 'q'), 'git')).toBe('false default');
  writeFileSync(file, '[sync]\nlocal = "q"\nremote = "web:/app"\ngit = true\n');
  expect(from(workspace, 'git')).toBe('false default');
  expect(from(join(workspace, 'q'), 'git')).toBe(`true ${file}:4`);
});

test('a file that was only found names no commands, and its faults are warnings', () => {
  const { workspace, file } = place();
  writeFileSync(
    file,
    '[sync]\nignore = "x"\nssh = "sh -c evil"\nnode = "evil"\ngi = 1\ngit = true\n',
  );
  const { options, warnings, doubtful } = loadSyncSettings({ workspace });
  expect({ options, doubtful }).toEqual({
    options: { ...defaultOptions, git: true },
    doubtful: true,
  });
  expect(warnings).toEqual([
    expect.stringContaining(`${file}:5: there is no key "sync.gi"`),
    expect.stringContaining(`${file}:2: "sync.ignore" must be a list of texts`),
    expect.stringContaining(`${file}:3: "sync.ssh" counts only in the user's own configuration`),
    expect.stringContaining(`${file}:4: "sync.node" counts only in the user's own`),
  ]);
  expect(() => loadSyncSettings({ workspace, config: file })).toThrow(`${file}:5: there is no key`);
  writeFileSync(file, '[sync]\nssh = "ssh -F x"\n');
  expect(loadSyncSettings({ workspace })).toMatchObject({ doubtful: false });
  writeFileSync(file, '[sync]\nignore = [');
  expect(loadSyncSettings({ workspace })).toMatchObject({ doubtful: true });
});

test("a session of a file has the user's options where the file is silent; flags go before both", () => {
  const { file, userFile } = place();
  writeFileSync(userFile, '[sync]\nmode = "to-local"\ngit = true\nsettle = "9ms"\n');
  writeFileSync(file, '[sync]\nremote = "web:/app"\nmode = "to-container"\ngit = false\n');
  const config = loadConfig(file);
  const [session] = config.sessions;
  if (session === undefined) throw new Error('no session');
  const { options, origins } = sessionSettings(config, session, { git: true });
  expect(options).toEqual({ ...defaultOptions, mode: 'to-container', git: true, settleMs: 9 });
  const texts = (['mode', 'git', 'settleMs', 'allow'] as const).map((name) =>
    originText(origins[name]),
  );
  expect(texts).toEqual([`${file}:3`, '--git', `${userFile}:4`, 'default']);
});

test('what was chosen for a session holds, and what was not follows the files', async () => {
  const { workspace } = place();
  const options = async (request: Partial<WatchRequest>): Promise<SessionOptions> => {
    const all = { local: workspace, remote: 'web:/app', options: {}, cwd: workspace, ...request };
    return (await prepareSession(all)).record.options;
  };
  const defaults = { ...defaultOptions, mode: 'to-local', conflicts: 'local' } as const;
  expect(await options({ defaults, options: { git: true } })).toEqual({ ...defaults, git: true });
  const later = { ...defaultOptions, git: false, settleMs: 7 };
  expect(await options({ defaults: later })).toEqual({ ...later, git: true });
  expect(await options({ defaults: later, described: true })).toEqual(later);
  expect(await options({})).toEqual(defaultOptions);
});

test('another docker command in a file means another machine', async () => {
  const { workspace } = place();
  mkdirSync(join(workspace, 'q'), { recursive: true });
  const request = { local: workspace, remote: 'web:/app', options: {}, cwd: workspace };
  const { record } = await prepareSession(request);
  const defaults = { ...defaultOptions, docker: ['docker', '--context', 'x'] };
  const other = await prepareSession({ ...request, defaults });
  expect(other.record.id).not.toBe(record.id);
  expect(other.record.options.docker).toEqual(defaults.docker);
});

/** What the documentation says of codes, keys and commands is what the program has. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseSettings } from '../config/settings-file.ts';
import { settingKeys, settingTable } from '../config/settings-schema.ts';
import { parseConfig } from '../control/config.ts';
import { defaultOptions } from '../control/defaults.ts';
import { exitCodes } from '../errors.ts';
import { parseManifest } from '../home/manifest.ts';
import { flagLetters } from '../home/manifest-flags.ts';
import { commands } from './commands.ts';

const page = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('every error code stands in the line of its exit code', () => {
  const lines = page('docs/cli.md').split('\n');
  for (const [code, exit] of Object.entries(exitCodes)) {
    const line = lines.find((each) => each.startsWith(`| ${exit} |`));
    expect([code, line]).toEqual([code, expect.stringContaining(`\`${code}\``)]);
  }
});

test('every command is named', () => {
  const text = page('docs/cli.md');
  for (const { name, hidden } of commands) {
    if (hidden !== true) expect(text).toContain(`\`cai ${name}`);
  }
});

test('every example of a configuration is a good one', () => {
  const text = page('docs/configuration.md') + page('docs/config-sync.md') + page('README.md');
  const examples = [...text.matchAll(/```toml\n(.*?)```/gs)].map((found) => found[1] as string);
  expect(examples.length).toBeGreaterThan(3);
  const query = {
    path: 'containai.toml',
    kind: 'workspace-file',
    strict: true,
    workspace: '/p',
  } as const;
  for (const example of examples) {
    if (example.includes('[[entries]]')) parseManifest(example, 'manifest.toml');
    else parseSettings(settingTable, example, query);
    if (example.includes('[sync')) parseConfig(example, 'containai.toml');
  }
});

test('every flag of a manifest has its row, there and in the shipped one', () => {
  const text = page('docs/config-sync.md');
  const shipped = page('src/home/sync-manifest.toml');
  for (const [letter, word] of Object.entries(flagLetters)) {
    const row = text
      .split('\n')
      .find((line) => line.startsWith('| `') && line.includes(`\`${word}\``));
    expect([word, row]).toEqual([word, expect.stringContaining(`\`${letter}\``)]);
    expect(shipped).toContain(`${word} (${letter})`);
  }
});

test('every setting has its row, with flag and variable', () => {
  const lines = page('docs/configuration.md').split('\n');
  for (const { key, flag, env } of settingKeys) {
    const line = lines.findLast((each) => each.startsWith(`| \`${key}\` |`));
    expect([key, line]).toEqual([key, expect.stringContaining(flag ?? '')]);
    expect([key, line]).toEqual([key, expect.stringContaining(env ?? '')]);
  }
});

test('the defaults of the table are those of the program', () => {
  const rows = [...page('docs/configuration.md').matchAll(/^\| `(\w+)` \| `(.*?)` \|/gm)];
  const table = rows
    .filter(([, key = '']) => !['docker', 'ssh', 'kubectl', 'node'].includes(key))
    .filter(([, key]) => !settingKeys.some((each) => each.key === key))
    .map(([, key, value]) => `${key} = ${value}`);
  const [session] = parseConfig(
    `[sync]\nremote = "web:/app"\n${table.join('\n')}`,
    'containai.toml',
  ).sessions;
  expect(session).toMatchObject({ local: '.', options: defaultOptions });
});

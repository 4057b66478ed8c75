import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findConfig } from '../config/find.ts';
import { CaiError } from '../errors.ts';
import { loadConfig, parseConfig } from './config.ts';
import { useState } from './test-state.ts';

const path = '/p/containai.toml';

function fault(text: string): string {
  try {
    parseConfig(text, path);
  } catch (error) {
    expect(error).toBeInstanceOf(CaiError);
    expect((error as CaiError).code).toBe('CONFIG');
    return (error as CaiError).message;
  }
  throw new Error('no error');
}

describe('a good file', () => {
  test('one session, with every key', () => {
    const { sessions } = parseConfig(
      `[sync]
local = "sub"
remote = "web:/app"
mode = "to-container"
ignore = ["dist/", "*.log"]
allow = [".env"]
gitignore = false
git = true
modes = "full"
conflicts = "manual"
merge_budget = "64MiB"
settle = "5ms"
settle_max = 250
max_file_size = "2GiB"
history = { age = "3d", size = "500 MB" }
docker = "docker --context x"

[sync.holds]
files = 10
share = 1

[[sync.rules]]
paths = ["*.lock"]
conflicts = "local"

[[sync.rules]]
paths = ["docs/", "!docs/gen/"]
conflicts = "merge"
`,
      path,
    );
    expect(sessions).toEqual([
      {
        directory: '/p',
        local: 'sub',
        remote: 'web:/app',
        options: {
          mode: 'to-container',
          ignore: ['dist/', '*.log'],
          allow: ['.env'],
          gitignore: false,
          git: true,
          modes: 'full',
          conflicts: 'manual',
          conflictRules: [
            { paths: ['*.lock'], conflicts: 'local' },
            { paths: ['docs/', '!docs/gen/'], conflicts: 'merge' },
          ],
          mergeBudget: 64 * 1024 ** 2,
          settleMs: 5,
          settleMaxMs: 250,
          maxFileSize: 2 * 1024 ** 3,
          history: { maxAgeMs: 3 * 86_400_000, maxBytes: 500e6 },
          holds: { files: 10, share: 1 },
          docker: ['docker', '--context', 'x'],
        },
      },
    ]);
  });

  test('local is the directory of the file by default, and nothing else is chosen', () => {
    expect(parseConfig('[sync]\nremote = "web:/app"', path).sessions).toEqual([
      { directory: '/p', local: '.', remote: 'web:/app', options: {} },
    ]);
  });

  test('several sessions', () => {
    const { sessions } = parseConfig('[sync.a]\nremote = "a:/x"\n[sync.b]\nremote = "b:/x"', path);
    expect(sessions.map((session) => [session.name, session.remote])).toEqual([
      ['a', 'a:/x'],
      ['b', 'b:/x'],
    ]);
  });

  test('several sessions, with what all of them have', () => {
    const { sessions } = parseConfig(
      '[sync]\nignore = ["dist/"]\ngit = true\n[sync.a]\nremote = "a:/x"\n[sync.b]\nremote = "b:/x"\ngit = false',
      path,
    );
    expect(sessions.map(({ options }) => options)).toEqual([
      { ignore: ['dist/'], git: true },
      { ignore: ['dist/'], git: false },
    ]);
  });

  test('tables of other commands are left alone', () => {
    expect(parseConfig('[other]\nx = 1\n[sync]\nremote = "a:/x"', path).sessions).toHaveLength(1);
  });
});

describe('a wrong file names the line', () => {
  test.each([
    ['[sync]\nremote = "a:/x"\nremot = 1', '/p/containai.toml:3: there is no key "remot"'],
    ['# x\n[sync]\nremote = 7', '/p/containai.toml:3: "remote" must be a text'],
    ['\n\n[sync]\nlocal = "."', '/p/containai.toml:3: the key "remote" is missing'],
    [
      '[sync]\nremote = "a:/x"\nmode = "both"',
      '/p/containai.toml:3: "mode" must be one of two-way',
    ],
    [
      '[sync]\nremote = "a:/x"\nsettle = "soon"',
      '/p/containai.toml:3: "settle" must be a duration',
    ],
    [
      '[sync]\nremote = "a:/x"\nmax_file_size = "2 elephants"',
      ':3: "max_file_size" must be a size',
    ],
    [
      '[sync]\nremote = "a:/x"\n[sync.holds]\nshare = 2',
      ':4: "holds.share" must be a number from 0 to 1',
    ],
    ['[sync]\nremote = "a:/x"\nhistory = {ago = 1}', ':3: there is no key "history.ago"'],
    ['[sync]\nremote = "a:/x"\nignore = "dist"', ':3: "ignore" must be a list of texts'],
    [
      '[sync.a]\nremote = "a:/x"\n\n[sync.b]\nremote = "b:/x"\ngit = 1',
      ':6: "git" must be true or false',
    ],
    ['[sync]\nremote = "a:/x', '/p/containai.toml:2:'],
    ['[sync]\nremote = "a:/x"\nrules = "x"', ':3: "rules" must be a list of tables'],
    [
      '[sync]\nremote = "a:/x"\n[[sync.rules]]\npaths = ["a"]\nconflicts = "local"\n[[sync.rules]]\nconflicts = "mine"\npaths = ["b"]',
      ':7: "rules.1.conflicts" must be one of merge',
    ],
    [
      '[sync]\nremote = "a:/x"\n[[sync.rules]]\nconflicts = "local"',
      ':3: "rules.0.paths" must be a list of texts',
    ],
  ])('%j', (text, message) => {
    expect(fault(text)).toContain(message);
  });

  test('no [sync] at all', () => {
    expect(fault('[other]\nx = 1')).toBe('/p/containai.toml has no [sync] table.');
  });
});

test('the nearest file upwards is taken', () => {
  const top = useState('a/b/c');
  expect(findConfig(join(top, 'a/b/c'))).not.toBe(join(top, 'a/containai.toml'));
  writeFileSync(join(top, 'a/containai.toml'), '[sync]\nremote = "a:/x"');
  expect(findConfig(join(top, 'a/b/c'))).toBe(join(top, 'a/containai.toml'));
  writeFileSync(join(top, 'a/b/containai.toml'), '[sync]\nremote = "b:/x"');
  const found = findConfig(join(top, 'a/b/c')) as string;
  expect(loadConfig(found).sessions[0]).toMatchObject({
    remote: 'b:/x',
    directory: join(top, 'a/b'),
  });
});

test('a file that cannot be read is told as such', () => {
  const top = useState('a');
  mkdirSync(join(top, 'a/containai.toml'));
  expect(() => loadConfig(join(top, 'a/containai.toml'))).toThrow(/cannot be read/);
});

/** The shipped manifest, those of users, every flag, and what a wrong one gets. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { CaiError } from '../errors.ts';
import { parseManifest } from './manifest.ts';
import { loadManifests, shippedManifest } from './manifest-files.ts';

const bySource = (path: string) => shippedManifest().entries.find(({ source }) => source === path);
const flagsOf = (path: string) => [...(bySource(path)?.flags ?? [])].sort();

describe('the shipped manifest', () => {
  test('keeps every file under its name in the home directory, with a link of that name', () => {
    const { entries } = shippedManifest();
    expect(entries.length).toBeGreaterThanOrEqual(79);
    for (const { source, target, link } of entries) {
      expect(target).toBe(source);
      expect([source, undefined]).toContain(link);
    }
  });

  test('what the documentation calls secret is secret, logins are credentials, SSH is off', () => {
    for (const path of [
      '.claude.json',
      '.gemini/google_accounts.json',
      '.gemini/oauth_creds.json',
      '.local/share/opencode/auth.json',
      '.config/gh/hosts.yml',
      '.aider.conf.yml',
      '.continue/config.yaml',
      '.continue/config.json',
      '.claude/.credentials.json',
      '.codex/auth.json',
    ])
      expect([path, bySource(path)?.flags.has('secret')]).toEqual([path, true]);
    expect(flagsOf('.claude/.credentials.json')).toEqual(['credential', 'file', 'secret']);
    expect(bySource('.config/gh/hosts.yml')?.flags.has('credential')).toBe(false);
    const ssh = shippedManifest().entries.filter(({ source }) => source.startsWith('.ssh'));
    expect(ssh.map(({ disabled }) => disabled)).toEqual([true, true, true]);
  });
});

test('flags are words or letters', () => {
  const text = (flags: string) => `[[entries]]\nsource = ".x"\nflags = ${flags}\n`;
  const [words] = parseManifest(text('["file", "json-init", "credential", "optional"]'), 'm.toml');
  const [letters] = parseManifest(text('"fjco"'), 'm.toml');
  expect(words).toEqual(letters);
  expect(words).toEqual({
    source: '.x',
    target: '.x',
    link: '.x',
    flags: new Set(['file', 'json-init', 'credential', 'optional', 'secret']),
    disabled: false,
    containerOnly: false,
    file: 'm.toml',
  });
});

test('target, link, disabled, and files of the container only', () => {
  const entries = parseManifest(
    `[agent]\nname = "x"\nbinary = "x"\n
[[entries]]\nsource = ".a/"\ntarget = "b/c"\ncontainer_link = ""\nflags = "d"\ndisabled = true\n
[[container_symlinks]]\ntarget = "t"\ncontainer_link = ".t"\nflags = "fj"\n`,
    'm.toml',
  );
  expect(entries).toMatchObject([
    { source: '.a', target: 'b/c', link: undefined, disabled: true, containerOnly: false },
    { source: '.t', target: 't', link: '.t', disabled: false, containerOnly: true },
  ]);
});

describe('a wrong manifest names file and line', () => {
  test.each([
    ['[[entries]]\nsource = ".x"', ':1: [[entries]] lacks "flags"'],
    ['[[entries]]\nflags = "f"', ':1: "entries.0.source" must be a path'],
    ['[[entries]]\nsource = ".x"\nflags = "fd"', ':3: "entries.0.flags" must hold either'],
    ['[[entries]]\nsource = ".x"\nflags = "s"', ':3: "entries.0.flags" must hold either'],
    ['[[entries]]\nsource = ".x"\nflags = "fz"', ':3: "entries.0.flags" holds the unknown letter'],
    ['[[entries]]\nsource = ".x"\nflags = ["fil"]', ':3: "entries.0.flags" holds the unknown flag'],
    ['[[entries]]\nsource = ".x"\nflags = ["directory", "json-init"]', 'for a file only'],
    ['[[entries]]\nsource = "../x"\nflags = "f"', ':2: "entries.0.source" must be a path'],
    ['[[entries]]\nsource = "/etc/x"\nflags = "f"', 'but it is absolute'],
    ['[[entries]]\nsource = "~/x"\nflags = "f"', 'begins with "~"'],
    ['[[entries]]\nsource = ".x*"\nflags = "f"', 'needs the flag glob'],
    ['[[entries]]\nsource = ".x"\ntarget = "a/../../b"\nflags = "f"', ':3: "entries.0.target"'],
    ['[[entries]]\nsource = ".x"\ncontainer_link = "/b"\nflags = "f"', ':3:'],
    ['[[entries]]\nsource = ".x"\nflags = "f"\ndisabled = 1', ':4: "entries.0.disabled" must be'],
    ['[[entries]]\nsource = ".x"\nflags = "f"\n[[entries]]\nsorce = ".y"', ':5: there is no key'],
    ['[entry]\nsource = ".x"', ':1: there is no key "entry"'],
    ['[[entries]]\nsource = ".x', ':2:'],
    ['entries = 3', 'must be written as [[entries]]'],
  ])('%j', (text, message) => {
    try {
      parseManifest(text, '/m/x.toml');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CaiError);
      expect(error).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(message) });
      expect((error as CaiError).message).toMatch(/^\/m\/x\.toml:\d+:/);
    }
  });
});

describe("a user's manifests", () => {
  const directory = '.config/containai/manifests';

  test('add to the shipped one, and change entries of it', () => {
    const home = temporaryDirectory();
    makeTree(home, {
      [`${directory}/10-mine.toml`]: '[[entries]]\nsource = ".mytool"\nflags = "do"\n',
      [`${directory}/20-more.toml`]:
        '[[entries]]\nsource = ".vimrc"\nflags = "f"\ndisabled = true\n',
      [`${directory}/notes.txt`]: 'no manifest',
    });
    const { entries, files } = loadManifests(home);
    expect(files.length).toBe(3);
    expect(entries.find(({ source }) => source === '.mytool')).toMatchObject({
      target: '.mytool',
      file: join(home, directory, '10-mine.toml'),
    });
    expect(entries.filter(({ source }) => source === '.vimrc')).toMatchObject([{ disabled: true }]);
  });

  test('two entries cannot have one target', () => {
    const home = temporaryDirectory();
    makeTree(home, {
      [`${directory}/a.toml`]: '[[entries]]\nsource = ".x"\ntarget = ".vimrc"\nflags = "f"\n',
    });
    expect(() => loadManifests(home)).toThrow(/\.x and \.vimrc have the same target \.vimrc/);
  });
});

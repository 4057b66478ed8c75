/** What is collected of a home directory, and what becomes of each path: every flag, links, secrets. Real files. */
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeNeeding } from '../../../test/support/needs.ts';
import { type Made, makeTree, temporaryDirectory } from '../../../test/support/tree.ts';
import { parseManifest } from '../manifest.ts';
import { shippedManifest } from '../manifest-files.ts';
import { type Collected, type CollectOptions, collect } from './engine.ts';
import { fingerprint } from './watch-source.ts';

function home(spec: Readonly<Record<string, Made>>): string {
  const directory = temporaryDirectory('cai-home-');
  makeTree(directory, spec);
  return directory;
}

type Options = Partial<CollectOptions> & { readonly manifest?: string };

function gather(from: string, { manifest, ...options }: Options = {}): Promise<Collected> {
  return collect({
    from,
    isHome: true,
    entries: manifest === undefined ? shippedManifest().entries : parseManifest(manifest, 'm.toml'),
    additionalPaths: [],
    excludes: [],
    excludePrivate: true,
    noExcludes: false,
    noSecrets: false,
    ...options,
  });
}

/** PATH MODE CONTENT of what is planned; parents that are only made when missing are left out. */
function planned({ plan }: Collected): Record<string, string> {
  return Object.fromEntries(
    plan.entries
      .filter((entry) => entry.kind !== 'directory' || entry.onlyNew !== true)
      .map((entry) => {
        if (entry.kind === 'link') return [entry.path, `-> ${entry.target}`];
        const mode = entry.mode.toString(8);
        if (entry.kind === 'directory') return [entry.path, `${mode}/`];
        const { content, placeholder } = entry;
        const text = content.kind === 'text' ? JSON.stringify(content.text) : 'source';
        return [entry.path, `${mode} ${placeholder ? 'placeholder ' : ''}${text}`];
      }),
  );
}

function reason({ decisions }: Collected, path: string): string | undefined {
  const found = decisions.find(({ source }) => source === path);
  return found === undefined ? undefined : `${found.outcome}: ${found.reason ?? ''}`;
}

const entry = (source: string, flags: string, more = ''): string =>
  `[[entries]]\nsource = "${source}"\nflags = "${flags}"\n${more}\n`;

describe('flags', () => {
  test('file and directory, with the modes they have; a wrong kind is skipped', async () => {
    const from = home({
      '.a': { content: 'x', mode: 0o640 },
      '.d/run': { content: 'x', mode: 0o755 },
      '.d/in/x': 'x',
      '.wrong/x': 'x',
      '.wrong2': 'x',
    });
    chmodSync(join(from, '.d/in'), 0o711);
    const manifest =
      entry('.a', 'f') + entry('.d', 'd') + entry('.wrong', 'f') + entry('.wrong2', 'd');
    const collected = await gather(from, { manifest });
    expect(planned(collected)).toEqual({
      '.a': '640 source',
      '.d': '755/',
      '.d/run': '755 source',
      '.d/in': '711/',
      '.d/in/x': '644 source',
    });
    expect(reason(collected, '.wrong')).toBe('skipped: a directory, not a file');
    expect(reason(collected, '.wrong2')).toBe('skipped: a file, not a directory');
  });

  test('json-init: an object where there is nothing or an empty file', async () => {
    const from = home({ '.empty': '', '.full': '{"a":1}' });
    const manifest = ['.empty', '.full', '.missing'].map((path) => entry(path, 'fj')).join('');
    expect(planned(await gather(from, { manifest }))).toEqual({
      '.empty': '644 "{}\\n"',
      '.full': '644 source',
      '.missing': '644 placeholder "{}\\n"',
    });
  });

  test('secret: for its owner alone, in a directory of its own; left out by --no-secrets', async () => {
    const from = home({
      '.s/token': { content: 'x', mode: 0o644 },
      '.dir/a': { content: 'x', mode: 0o666 },
      '.dir/run': { content: 'x', mode: 0o755 },
      '.top': 'x',
    });
    const manifest =
      entry('.s/token', 'fs') + entry('.dir', 'ds') + entry('.top', 'fs') + entry('.gone', 'fs');
    const collected = await gather(from, { manifest });
    expect(planned(collected)).toEqual({
      '.s': '700/',
      '.s/token': '600 source',
      '.dir': '700/',
      '.dir/a': '600 source',
      '.dir/run': '700 source',
      '.top': '600 source',
      '.gone': '600 placeholder ""',
    });
    expect(planned(await gather(from, { manifest, noSecrets: true }))).toEqual({});
  });

  test('credential: an empty placeholder, its content only when additional_paths names it', async () => {
    const from = home({ '.c/login.json': 'SECRET', '.c/other': 'x' });
    const manifest = entry('.c/login.json', 'fc');
    const placeholder = { '.c': '700/', '.c/login.json': '600 placeholder ""' };
    expect(planned(await gather(from, { manifest }))).toEqual(placeholder);
    for (const named of ['~/.c/login.json', join(from, '.c/login.json')])
      expect(planned(await gather(from, { manifest, additionalPaths: [named] }))).toEqual({
        '.c': '700/',
        '.c/login.json': '600 source',
      });
    // The directory around it does not name it.
    const around = await gather(from, { manifest, additionalPaths: ['~/.c'] });
    expect(planned(around)).toMatchObject({
      '.c/login.json': '600 placeholder ""',
      '.c/other': '644 source',
    });
    const options = { manifest, additionalPaths: ['~/.c/login.json'], noSecrets: true };
    expect(planned(await gather(from, options))).toEqual({});
  });

  test('optional, disabled, link-only, glob, target, no-system, private', async () => {
    const from = home({
      '.off': 'x',
      '.sys/.system/x': 'x',
      '.sys/own': 'x',
      '.rc/a.sh': 'x',
      '.rc/b.priv.sh': 'x',
      '.moved': 'x',
      key_1: 'x',
    });
    const manifest =
      entry('.gone', 'fjo') +
      entry('.off', 'f', 'disabled = true') +
      entry('.sys', 'dx') +
      entry('.rc', 'dp') +
      entry('.moved', 'f', 'target = "else/where"') +
      entry('key_*', 'fGs') +
      '[[container_symlinks]]\nsource = ".only"\nflags = "fj"\n';
    const collected = await gather(from, { manifest });
    expect(planned(collected)).toEqual({
      '.sys': '755/',
      '.sys/own': '644 source',
      '.rc': '755/',
      '.rc/a.sh': '644 source',
      'else/where': '644 source',
    });
    expect(reason(collected, '.sys/.system')).toBe('skipped: the tool brings it itself');
    expect(reason(collected, '.rc/b.priv.sh')).toBe('skipped: private (*.priv.*)');
    const all = await gather(from, { manifest, noExcludes: true, excludePrivate: false });
    expect(Object.keys(planned(all))).toEqual(
      expect.arrayContaining(['.sys/.system/x', '.rc/b.priv.sh']),
    );
  });

  test('git-filter: without what is private, named but not shown', async () => {
    const from = home({ '.gitconfig': '[user]\n\tname = A\n\tsigningkey = SECRET\n' });
    const collected = await gather(from);
    expect(planned(collected)['.gitconfig']).toBe('644 "[user]\\n\\tname = A\\n"');
    expect(reason(collected, '.gitconfig')).toBe('filtered: without user.signingkey');
    expect(JSON.stringify(collected.decisions)).not.toContain('SECRET');
  });
});

test("the host's paths in Claude's files become the container's", async () => {
  const from = home({ '.claude/settings.json': '{"a":1}', '.claude/plugins/x': 'x' });
  const text = JSON.stringify({
    installPath: `${from}/.claude/plugins/cache/a`,
    home: from,
    other: [`${from}2/x`, `/mnt${from}/x`, '/usr'],
  });
  makeTree(from, { '.claude/plugins/installed_plugins.json': text });
  const collected = await gather(from);
  const rewritten = {
    installPath: '/home/agent/.claude/plugins/cache/a',
    home: '/home/agent',
    other: [`${from}2/x`, `/mnt${from}/x`, '/usr'],
  };
  expect(planned(collected)).toMatchObject({
    '.claude/plugins/installed_plugins.json': `644 ${JSON.stringify(JSON.stringify(rewritten))}`,
    '.claude/settings.json': '644 source',
  });
});

describe('additional paths', () => {
  test("the documentation's two recipes", async () => {
    const from = home({
      '.ssh/id_ed25519': { content: 'key', mode: 0o644 },
      '.ssh/id_ed25519.pub': 'pub',
      '.ssh/config': 'Host x',
      '.claude/.credentials.json': 'login',
    });
    chmodSync(join(from, '.ssh'), 0o700);
    const additionalPaths = ['~/.ssh', '~/.claude/.credentials.json'];
    const collected = await gather(from, { additionalPaths });
    expect(planned(collected)).toMatchObject({
      '.ssh': '700/',
      '.ssh/id_ed25519': '600 source',
      '.ssh/id_ed25519.pub': '644 source',
      '.ssh/config': '644 source',
      '.claude/.credentials.json': '600 source',
    });
    const without = planned(await gather(from));
    expect(Object.keys(without).filter((path) => path.startsWith('.ssh'))).toEqual([]);
    const noKeys = planned(await gather(from, { additionalPaths, noSecrets: true }));
    expect(noKeys['.ssh/id_ed25519']).toBeUndefined();
    expect(noKeys['.ssh/config']).toBe('644 source');
  });

  test.each([
    ['relative/x', 'is neither absolute'],
    ['~other/x', 'is neither absolute'],
    ['~', 'is the whole home directory'],
    ['~/../x', 'is not below the home directory'],
    ['~/a/../..', 'is not below the home directory'],
    ['/etc/passwd', 'is not below the home directory'],
    ['~/a\nb', 'holds a control character'],
    ['~/missing', 'not there'],
  ])('%j is not taken, and it is told why', async (path, why) => {
    const collected = await gather(home({}), { additionalPaths: [path], manifest: '' });
    expect(planned(collected)).toEqual({});
    expect(collected.decisions).toEqual([
      expect.objectContaining({ outcome: 'skipped', reason: expect.stringContaining(why) }),
    ]);
  });
});

describe('excludes', () => {
  test('built in and of the configuration, whole entries and what is in them', async () => {
    const from = home({
      '.vim/cache/x': 'x',
      '.vim/a.swp': 'x',
      '.vim/keep': 'x',
      '.vimrc': 'x',
      '.zshrc': 'x',
    });
    const excludes = ['.vimrc', 'nothing'];
    const collected = await gather(from, { excludes });
    expect(reason(collected, '.vim/cache')).toBe('skipped: excluded by cache/');
    expect(reason(collected, '.vim/a.swp')).toBe('skipped: excluded by *.swp');
    expect(reason(collected, '.vimrc')).toBe('skipped: excluded by .vimrc');
    expect(Object.keys(planned(collected))).toEqual(
      expect.arrayContaining(['.vim/keep', '.zshrc']),
    );
    const all = planned(await gather(from, { excludes, noExcludes: true }));
    expect(Object.keys(all)).toEqual(expect.arrayContaining(['.vim/cache/x', '.vimrc']));
  });
});

describe('links', () => {
  test('those to what is imported are written between the places in the volume', async () => {
    const from = home({
      '.d/a/rel': { link: '../b/file' },
      '.d/b/file': 'x',
      '.e/x': 'x',
      '.d/up': { link: '../.e/x' },
      '.d/dead': { link: 'nowhere' },
      '.d/out': { link: '/usr/share' },
    });
    symlinkSync(join(from, '.e/x'), join(from, '.d/abs'));
    symlinkSync(join(from, '.d/b'), join(from, '.d/a/absdir'));
    const manifest = entry('.d', 'd') + entry('.e', 'd', 'target = "moved/e"');
    const collected = await gather(from, { manifest });
    expect(planned(collected)).toMatchObject({
      '.d/a/rel': '-> ../b/file',
      '.d/a/absdir': '-> ../b',
      '.d/up': '-> ../moved/e/x',
      '.d/abs': '-> ../moved/e/x',
      '.d/dead': '-> nowhere',
      '.d/out': '-> /usr/share',
    });
    expect(reason(collected, '.d/abs')).toBe('link: relinked to ../moved/e/x');
    expect(reason(collected, '.d/dead')).toBe('link: leads nowhere');
  });

  test('those to something else of the home directory are replaced by it, but never by a secret', async () => {
    const from = home({
      'dot/init.lua': 'x',
      'dot/more/deep/y': 'x',
      'dot/key.pem': 'x',
      '.ssh/id_rsa': 'x',
      '.codex/auth.json': 'x',
      '.config/nvim/init.lua': { link: '../../dot/init.lua' },
      '.config/nvim/more': { link: '../../dot/more' },
      '.config/nvim/circle': { link: '..' },
      '.config/nvim/key': { link: '../../dot/key.pem' },
      '.config/nvim/rsa': { link: '../../.ssh/id_rsa' },
      '.config/nvim/auth': { link: '../../.codex/auth.json' },
    });
    const collected = await gather(from, {
      manifest: entry('.config/nvim', 'd') + entry('.ssh/id_*', 'fsG'),
    });
    expect(planned(collected)).toMatchObject({
      '.config/nvim/init.lua': '644 source',
      '.config/nvim/more/deep/y': '644 source',
    });
    expect(reason(collected, '.config/nvim/key')).toContain('looks like a secret: *.pem');
    expect(reason(collected, '.config/nvim/rsa')).toContain('a secret');
    expect(reason(collected, '.config/nvim/circle/nvim')).toContain(
      'a link into a directory above it',
    );
  });

  test('a wanted path that is a link, as managers of dotfiles make them', async () => {
    const outside = home({ vimrc: 'x' });
    const from = home({
      '.vimrc': { link: 'dot/vimrc' },
      'dot/vimrc': 'x',
      '.d': { link: 'dot/d' },
      'dot/d/link': { link: 'x' },
      'dot/d/x': 'x',
      '.dead': { link: 'nowhere' },
      '.self': { link: '.self' },
      '.out': { link: join(outside, 'vimrc') },
    });
    const manifest = ['.vimrc', '.dead', '.self', '.out'].map((path) => entry(path, 'f')).join('');
    const own = await gather(from, { manifest: manifest + entry('.d', 'd') });
    expect(planned(own)).toEqual({
      '.vimrc': '644 source',
      '.out': '644 source',
      '.d': '755/',
      '.d/x': '644 source',
      '.d/link': '-> x',
    });
    expect(reason(own, '.dead')).toBe('skipped: a link that leads nowhere');
    expect(reason(own, '.self')).toBe('skipped: a link that leads to itself');
    const other = await gather(from, { manifest, isHome: false });
    expect(reason(other, '.out')).toContain('a link that leads out of');
  });
});

describe('what cannot be taken', () => {
  test('sockets and names that are no UTF-8 are told', async () => {
    const from = home({ '.d/x': 'x' });
    makeTree(join(from, '.d'), { 'bad\xff': 'x' }, 'latin1');
    const server = createServer().listen(join(from, '.d/sock'));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const collected = await gather(from, { manifest: entry('.d', 'd') });
    expect(reason(collected, '.d/sock')).toBe('skipped: a socket');
    expect(collected.decisions.map((each) => each.reason)).toContain('its name is no UTF-8');
  });

  test('no source directory', async () => {
    const missing = join(home({}), 'gone');
    await expect(gather(missing)).rejects.toMatchObject({ code: 'ROOT' });
    const from = home({ file: 'x' });
    await expect(gather(join(from, 'file'))).rejects.toMatchObject({ code: 'ROOT' });
  });

  test('the same source has the same fingerprint, another one has another', async () => {
    const from = home({ '.vim/a': 'x', '.vimrc': 'y' });
    const first = fingerprint(await gather(from));
    expect(fingerprint(await gather(from))).toBe(first);
    mkdirSync(join(from, '.vim/new'));
    expect(fingerprint(await gather(from))).not.toBe(first);
  });
});

describeNeeding(['root'], 'as a user without rights', () => {
  test('what may not be read stops it before anything is made', async () => {
    const from = home({ '.vim/private/x': 'x' });
    chmodSync(from, 0o755);
    chmodSync(join(from, '.vim/private'), 0o700);
    process.setegid?.(12345);
    process.seteuid?.(12345);
    try {
      await expect(gather(from)).rejects.toMatchObject({
        code: 'PERMISSION',
        path: join(from, '.vim/private'),
        next: expect.stringContaining('Nothing was changed'),
      });
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
  });
});

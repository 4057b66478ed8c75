/** `cai sync` on real directories: what moves, what is linked, what gives way, what is refused. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Made, snapshot } from '../../../test/support/tree.ts';
import { writeRecord } from '../import/record.ts';
import { asideOf } from './carry.ts';
import { old, place } from './places.fixture.ts';
import type { SyncPlaces } from './places.ts';
import { type SyncAction, syncHome } from './sync.ts';

const run = (places: SyncPlaces, dryRun = false) => syncHome(places, { dryRun });

function action(places: SyncPlaces, path: string): SyncAction | undefined {
  return run(places).actions.find((each) => each.path === path);
}

const read = (...parts: string[]) => fs.readFileSync(join(...parts), 'utf8');
const linkOf = (...parts: string[]) => fs.readlinkSync(join(...parts));
const modeOf = (...parts: string[]) => fs.statSync(join(...parts)).mode & 0o777;

/** What a person sees in the home directory: contents by path, through the links. */
function seen({ home }: SyncPlaces): Record<string, string> {
  const files = fs.readdirSync(home, { recursive: true, encoding: 'utf8' });
  const found: Record<string, string> = {};
  const visit = (path: string): void => {
    if (path.startsWith('.containai')) return;
    const stats = fs.statSync(join(home, path), { throwIfNoEntry: false });
    if (stats?.isFile()) found[path] = read(home, path);
    if (stats?.isDirectory())
      for (const name of fs.readdirSync(join(home, path))) visit(join(path, name));
  };
  for (const path of files) visit(path);
  return found;
}

describe('moving', () => {
  test('files and directories go into the volume with mode and time, and links stand in their place', () => {
    const places = place({
      '.vimrc': { content: 'set nu', mode: 0o640, mtime: new Date(1_600_000_000_000) },
      '.vim/colors/a.vim': 'a',
      '.vim/run.sh': { content: '#!', mode: 0o755 },
      '.vim/rel': { link: 'colors/a.vim' },
      '.vim/out': { link: '../elsewhere' },
      '.claude/.credentials.json': { content: 'login', mode: 0o644 },
      'work.txt': 'not ours',
    });
    const before = seen(places);
    const report = run(places);
    expect(report.actions.filter(({ outcome }) => outcome === 'moved')).toEqual([
      expect.objectContaining({ path: '.vimrc', files: 1 }),
      expect.objectContaining({ path: '.vim', files: 4 }),
      expect.objectContaining({ path: '.claude/.credentials.json', files: 1 }),
    ]);
    expect(linkOf(places.home, '.vimrc')).toBe(join(places.data, '.vimrc'));
    expect(linkOf(places.home, '.vim')).toBe(join(places.data, '.vim'));
    expect(seen(places)).toMatchObject(before);
    expect(modeOf(places.data, '.vimrc')).toBe(0o640);
    expect(fs.statSync(join(places.data, '.vimrc')).mtimeMs).toBe(1_600_000_000_000);
    expect(modeOf(places.data, '.vim/run.sh')).toBe(0o755);
    expect(linkOf(places.data, '.vim/rel')).toBe('colors/a.vim');
    // It led out of what was moved, so its text would mean something else now.
    expect(linkOf(places.data, '.vim/out')).toBe(join(places.home, 'elsewhere'));
    expect([
      modeOf(places.data, '.claude/.credentials.json'),
      modeOf(places.data, '.claude'),
    ]).toEqual([0o600, 0o700]);
    expect(fs.lstatSync(join(places.home, 'work.txt')).isFile()).toBe(true);
  });

  test('logins and what is JSON get a placeholder; what only the volume has is linked', () => {
    const places = place({}, { '.zshrc': 'alias', '.config/nvim/init.lua': 'x' });
    run(places);
    expect(read(places.home, '.zshrc')).toBe('alias');
    expect(linkOf(places.home, '.config/nvim')).toBe(join(places.data, '.config/nvim'));
    expect(read(places.home, '.claude/.credentials.json')).toBe('');
    expect(modeOf(places.data, '.claude/.credentials.json')).toBe(0o600);
    expect(read(places.home, '.claude.json')).toBe('{}\n');
    expect(fs.existsSync(join(places.home, '.aider.conf.yml'))).toBe(false);
    expect(fs.lstatSync(join(places.home, '.vimrc'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('a second run does nothing; a dry run does nothing and says the same', () => {
    const places = place(
      { '.vimrc': 'x', '.claude/skills/a/SKILL.md': 'y' },
      { '.vimrc': 'other' },
    );
    const untouched = snapshot(places.home);
    const dry = run(places, true).actions;
    expect(snapshot(places.home)).toEqual(untouched);
    const did = run(places).actions;
    expect(dry).toEqual(did);
    const after = snapshot(places.home);
    expect(run(places).actions.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([]);
    expect(snapshot(places.home)).toEqual(after);
  });

  test("a user's manifest and additional paths are looked after; a broken manifest is told", () => {
    const manifests = '.config/containai/manifests';
    const places = place(
      { '.mytool/a': '1' },
      {
        [`${manifests}/a.toml`]: '[[entries]]\nsource = ".mytool"\nflags = "d"\n',
        [`${manifests}/b.toml`]: '[[entries]]\nsource = 3\n',
        '.ssh/id_ed25519': 'key',
        '.containai-import.json': writeRecord({
          source: '/h',
          entries: new Map(),
          additional: ['.ssh', '../../etc'],
        }),
      },
    );
    const { warnings } = run(places);
    expect(warnings).toEqual([expect.stringMatching(/b\.toml:\d+: .* It is left out\.$/)]);
    expect(linkOf(places.home, '.mytool')).toBe(join(places.data, '.mytool'));
    expect(read(places.home, '.ssh/id_ed25519')).toBe('key');
  });
});

describe('conflicts', () => {
  test('what was written in this container wins; the other is beside it', () => {
    const places = place({ '.vimrc': 'mine' }, { '.vimrc': 'imported' });
    expect(action(places, '.vimrc')).toMatchObject({
      outcome: 'moved',
      kept: [{ as: join(places.data, '.vimrc.before-sync'), whose: 'volume' }],
    });
    expect(read(places.home, '.vimrc')).toBe('mine');
    expect(read(places.data, '.vimrc.before-sync')).toBe('imported');
  });

  test('what came with the image gives way, and so does what a flag says', () => {
    const places = place(
      { '.vimrc': { content: 'of the image', mtime: old }, '.claude/plugins/x': 'local' },
      { '.vimrc': 'imported', '.claude/plugins/x': 'volume' },
    );
    run(places);
    expect(read(places.home, '.vimrc')).toBe('imported');
    expect(read(places.data, '.vimrc.before-sync')).toBe('of the image');
    expect(read(places.home, '.claude/plugins/x')).toBe('volume');
    expect(read(places.data, '.claude/plugins/x.before-sync')).toBe('local');
  });

  test('directories are merged, file by file, and kinds may differ', () => {
    const places = place(
      {
        '.config/tmux/a': 'a',
        '.config/tmux/both': 'new',
        '.config/tmux/kind': 'file',
        '.config/tmux/deep/x': '1',
      },
      {
        '.config/tmux/b': 'b',
        '.config/tmux/both': 'old',
        '.config/tmux/kind/inner': 'dir',
        '.config/tmux/deep': 'file',
      },
    );
    const { kept } = action(places, '.config/tmux') as SyncAction;
    expect(kept?.map(({ as }) => as.slice(places.data.length + 1)).sort()).toEqual([
      '.config/tmux/both.before-sync',
      '.config/tmux/deep.before-sync',
      '.config/tmux/kind.before-sync',
    ]);
    expect(seen(places)).toMatchObject({
      '.config/tmux/a': 'a',
      '.config/tmux/b': 'b',
      '.config/tmux/both': 'new',
      '.config/tmux/both.before-sync': 'old',
      '.config/tmux/kind': 'file',
      '.config/tmux/kind.before-sync/inner': 'dir',
      '.config/tmux/deep/x': '1',
      '.config/tmux/deep.before-sync': 'file',
    });
  });

  test('a placeholder is no version; the same content is no conflict', () => {
    const places = place(
      { '.claude.json': '{"a":1}', '.claude/settings.json': '{}', '.zshrc': 'same' },
      { '.claude.json': '{}\n', '.claude/settings.json': '{"b":1}', '.zshrc': 'same' },
    );
    expect(run(places).actions.filter(({ kept }) => kept !== undefined)).toEqual([]);
    expect([read(places.data, '.claude.json'), read(places.data, '.claude/settings.json')]).toEqual(
      ['{"a":1}', '{"b":1}'],
    );
  });
});

describe('what is refused stays as it is, and the rest is done', () => {
  test('links in the way: above the path, its own parent too, and the path itself', () => {
    const places = place({
      'elsewhere/nvim/init.lua': 'x',
      '.config': { link: 'elsewhere' },
      '.vimrc': { link: 'dot/vimrc' },
      'dot/vimrc': 'v',
      '.zshrc': 'z',
    });
    const { actions } = run(places);
    const reason = (path: string) => actions.find((each) => each.path === path)?.reason;
    expect(reason('.config/nvim')).toContain('is a link to elsewhere');
    expect(reason('.vimrc')).toContain('it is a link to dot/vimrc');
    expect(fs.existsSync(join(places.home, 'elsewhere/nvim/init.lua'))).toBe(true);
    expect(linkOf(places.home, '.zshrc')).toBe(join(places.data, '.zshrc'));
  });

  test('links in the volume on the way, wrong kinds, and sockets', () => {
    const places = place(
      { '.config/nvim/x': '1', '.vimrc/dir': 'x', '.zshrc': 'z', outside: { directory: true } },
      {},
    );
    fs.symlinkSync(join(places.home, 'outside'), join(places.data, '.config'));
    const { actions } = run(places);
    const refused = actions.filter(({ outcome }) => outcome === 'refused').map(({ path }) => path);
    expect(refused).toEqual(expect.arrayContaining(['.config/nvim', '.vimrc']));
    expect(fs.readdirSync(join(places.home, 'outside'))).toEqual([]);
    expect(actions.find(({ path }) => path === '.zshrc')?.outcome).toBe('moved');
  });

  test('a link into the volume that leads to the wrong place is led anew', () => {
    const places = place({}, { '.vimrc': 'v', 'editors/vimrc': 'older layout' });
    fs.symlinkSync(join(places.data, 'editors/vimrc'), join(places.home, '.vimrc'));
    expect(action(places, '.vimrc')?.outcome).toBe('linked');
    expect(linkOf(places.home, '.vimrc')).toBe(join(places.data, '.vimrc'));
  });

  test('what is inside a directory that is linked already needs nothing', () => {
    const places = place({}, { '.claude/settings.json': '{"a":1}' });
    fs.symlinkSync(join(places.data, '.claude'), join(places.home, '.claude'));
    expect(action(places, '.claude/settings.json')).toMatchObject({ reason: 'inside' });
  });
});

describe('an interrupted run', () => {
  test('what stood aside comes back, or into the volume', () => {
    const places = place({ '.vimrc': 'v', '.vim/a': 'a' }, { '.zshrc': 'z' });
    // Ended after a directory was put aside, and after a file got its second name.
    fs.renameSync(join(places.home, '.vim'), asideOf(join(places.home, '.vim')));
    fs.linkSync(join(places.home, '.vimrc'), asideOf(join(places.home, '.vimrc')));
    // Ended after the link was made; meanwhile somebody wrote to what stood aside.
    fs.symlinkSync(join(places.data, '.zshrc'), join(places.home, '.zshrc'));
    fs.writeFileSync(asideOf(join(places.home, '.zshrc')), 'late');
    // Ended while it copied: no process has had such a number.
    const draft = '.cai-sync-99999999-1-00000000-0000-0000-0000-000000000000';
    fs.mkdirSync(join(places.data, '.vim'));
    fs.writeFileSync(join(places.data, '.vim', draft), 'half');
    run(places);
    expect(seen(places)).toMatchObject({
      '.vim/a': 'a',
      '.vimrc': 'v',
      '.zshrc': 'late',
    });
    expect(read(places.data, '.zshrc.before-sync')).toBe('z');
    const everything = fs.readdirSync(places.home, { recursive: true, encoding: 'utf8' });
    expect(everything.filter((name) => name.includes('cai-sync'))).toEqual([]);
  });

  test('nothing is ever lost, whatever stands on both sides, and a second run changes nothing', () => {
    const names = fc.constantFrom(
      '.vimrc',
      '.vim/a',
      '.vim/b/c',
      '.claude.json',
      '.claude/skills/s',
    );
    const texts = fc.constantFrom('', '{}', '1', '2', 'long text');
    const tree = fc.dictionary(names, texts, { maxKeys: 5 });
    fc.assert(
      fc.property(tree, tree, fc.boolean(), (home, data, fresh) => {
        const age = fresh ? {} : { mtime: old };
        const made = Object.entries(home).map(([path, content]) => [path, { content, ...age }]);
        const places = place(Object.fromEntries(made) as Record<string, Made>, data);
        run(places);
        const held = Object.values(seen(places)).concat(
          ...snapshot(places.data)
            .filter(({ type }) => type === 'file')
            .map(({ path }) => read(places.data, path)),
        );
        for (const text of [...Object.values(home), ...Object.values(data)])
          if (text !== '' && text !== '{}') expect(held).toContain(text);
        const after = snapshot(places.home);
        run(places);
        expect(snapshot(places.home)).toEqual(after);
      }),
      { numRuns: 15 },
    );
  });
});

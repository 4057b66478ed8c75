import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileIgnore, judge } from './gitignore.ts';
import { baseName, joinPath, type Path, toBinary, toBytes } from './path.ts';
import { Rules } from './rules.ts';

/** What one ignore file at the root says of one path. */
function says(text: string, path: string): string | undefined {
  const isDirectory = path.endsWith('/');
  const binary = toBinary(isDirectory ? path.slice(0, -1) : path);
  return judge(compileIgnore(text), { path: binary, name: baseName(binary), isDirectory });
}

const table: readonly [pattern: string, excluded: readonly string[], not: readonly string[]][] = [
  ['foo', ['foo', 'foo/', 'a/b/foo'], ['foo2', 'Foo', 'afoo']],
  ['foo/', ['foo/', 'a/foo/'], ['foo', 'a/foo']],
  ['/foo', ['foo', 'foo/'], ['a/foo']],
  ['a/foo', ['a/foo'], ['foo', 'b/a/foo', 'a/foo/x']],
  ['*.log', ['x.log', 'a/.log'], ['x.logs', 'log']],
  ['*', ['a', '.a', 'a/b'], []],
  ['a/*', ['a/b'], ['a', 'a/b/c', 'b']],
  ['a/**', ['a/b', 'a/b/c'], ['a', 'b/a/c']],
  ['**/foo', ['foo', 'a/foo', 'a/b/foo'], ['a/xfoo']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'x/a/b']],
  ['/a**/b', ['a/b', 'ax/b', 'a/x/y/b'], ['b']],
  ['?oo', ['foo', '\udcffoo'], ['oo', 'fooo', 'éoo']],
  ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
  ['[!a-c]x', ['dx'], ['ax', 'cx', '日x']],
  ['[]-]x', [']x', '-x'], ['ax']],
  ['[[:upper:]_]', ['A', '_'], ['a', 'AA']],
  ['[[:nothing:]]', [], ['n', ':']],
  ['[a', [], ['[a', 'a']],
  ['a\\', [], ['a', 'a\\']],
  ['\\#x', ['#x'], ['\\#x']],
  ['#x', [], ['#x']],
  ['\\!x', ['!x'], ['x']],
  ['x  ', ['x'], ['x ']],
  ['x\\  ', ['x '], ['x', 'x  ']],
  ['x\t', ['x\t'], ['x']],
  ['x\r', ['x'], ['x\r']],
  ['\ufeffx', ['x'], []],
  ['é*', ['éa', 'é'], ['\udcc3x']],
  ['*\n!keep\nkeep/', ['x', 'keep/'], ['keep']],
];

test.each(table)('%j', (pattern, excluded, not) => {
  expect(excluded.filter((path) => says(pattern, path) !== 'exclude')).toEqual([]);
  expect(not.filter((path) => says(pattern, path) === 'exclude')).toEqual([]);
});

test('a pattern made to explode is answered at once', () => {
  const hostile = `${'*a'.repeat(100)}b\n/${'**/*a*'.repeat(30)}/b`;
  expect(says(hostile, `${'a'.repeat(255)}/${'a'.repeat(255)}`)).toBeUndefined();
});

// The same questions to git itself. IGNORE_RUNS=2000 asks more of them.

// Thousands of directories are made and removed: in memory where that is to be had.
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
let repository = '';

beforeAll(() => {
  repository = mkdtempSync(join(scratch, 'ignore-'));
  git(['init', '--quiet', '.'], '');
});

afterAll(() => rmSync(repository, { recursive: true, force: true }));

function git(args: readonly string[], input: string | Buffer): Buffer {
  const env = { PATH: process.env.PATH, HOME: repository, GIT_CONFIG_NOSYSTEM: '1' };
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: repository, env, input });
  if (status !== 0 && status !== 1) throw new Error(`git ${args.join(' ')}: ${stderr.toString()}`);
  return stdout;
}

interface World {
  readonly files: readonly { readonly directory: Path; readonly lines: readonly string[] }[];
  readonly paths: readonly (readonly string[])[];
}

const pieces = [
  'a',
  'b',
  'ab',
  'B',
  '.',
  'é',
  '日',
  '\udcff',
  '\udcc3',
  ' ',
  '-',
  '[',
  ']',
  '!',
  '#',
  '\\',
  '^',
  '*',
];
const name = fc
  .oneof(
    { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'ab', 'a.b', '.a') },
    {
      weight: 3,
      arbitrary: fc
        .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 3 })
        .map((p) => p.join('')),
    },
  )
  .filter((text) => text !== '.' && text !== '..');
const path = fc.array(name, { minLength: 1, maxLength: 4 });
const token = fc.constantFrom(
  'a',
  'b',
  'ab',
  'é',
  '日',
  '\udcff',
  '\udcc3',
  'B',
  '.',
  ' ',
  '-',
  '#',
  '!',
  '\t',
  '\r',
  '\\',
  '\0',
  '*',
  '*',
  '**',
  '?',
  '/',
  '/',
  '/**/',
  '**/',
  '/**',
  '\\*',
  '\\ ',
  '\\/',
  '***',
  '[',
  ']',
  '[ab]',
  '[!a]',
  '[^a-c]',
  '[]a]',
  '[a\\]]',
  '[a-',
  '[/]',
  '[é]',
  '[\udc80-\udcff]',
  '[b-a]',
  '[--0]',
  '[[:alpha:]]',
  '[[:punct:]x]',
  '[[:bad:]]',
  '[[:]',
  '[[::]]',
  '[a-[:digit:]b]',
);
const line = fc
  .tuple(
    fc.constantFrom('', '', '', '!', '/', '!/'),
    fc.array(token, { minLength: 1, maxLength: 5 }),
    fc.constantFrom('', '', '/', ' '),
  )
  .map(([start, middle, end]) => start + middle.join('') + end);
/** How to make a pattern of one of the paths, so that it is likely to match something. */
const recipe = fc.record({
  path: fc.nat(),
  from: fc.nat(3),
  names: fc.integer({ min: 1, max: 4 }),
  edits: fc.array(
    fc.record({
      at: fc.nat(),
      length: fc.nat(2),
      by: fc.constantFrom('*', '*', '?', '**', '[!x]', '[a-z]', '\\', '/', '/**/', ''),
    }),
    { maxLength: 2 },
  ),
  start: fc.constantFrom('', '', '!', '/', '**/', '!/'),
  end: fc.constantFrom('', '', '', '/', '/*', '/**', '*', ' '),
});

function cook(
  { path, from, names, edits, start, end }: typeof recipe extends fc.Arbitrary<infer T> ? T : never,
  paths: World['paths'],
): string {
  const all = paths[path % paths.length] as readonly string[];
  const first = Math.min(from, all.length - 1);
  let text = all.slice(first, first + names).join('/');
  for (const { at, length, by } of edits) {
    const place = at % (text.length + 1);
    text = text.slice(0, place) + by + text.slice(place + length);
  }
  return start + text + end;
}

const world: fc.Arbitrary<World> = fc
  .record({
    paths: fc.array(path, { minLength: 40, maxLength: 80 }),
    files: fc.array(
      fc.record({
        directory: fc.oneof(
          fc.constant(''),
          path.map((names) => names.slice(0, 2).join('/')),
        ),
        lines: fc.array(fc.oneof(line, recipe), { minLength: 1, maxLength: 8 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ paths, files }) => ({
    paths,
    files: files.map(({ directory, lines }) => ({
      directory,
      lines: lines.map((each) => (typeof each === 'string' ? each : cook(each, paths))),
    })),
  }));

/** All paths of a world with their parents; a path with something below it is a directory. */
function layOut({ files, paths }: World): Map<Path, boolean> {
  const kinds = new Map<Path, boolean>();
  const add = (names: readonly string[], isDirectory: boolean) => {
    let at = '';
    for (const [depth, part] of names.entries()) {
      at = joinPath(at, part);
      kinds.set(at, kinds.get(at) === true || isDirectory || depth < names.length - 1);
    }
  };
  for (const names of paths) add(names, false);
  for (const file of files) if (file.directory !== '') add(file.directory.split('/'), true);
  return kinds;
}

function onDisk(path: Path): Buffer {
  return Buffer.concat([Buffer.from(`${repository}/`), toBytes(path)]);
}

/** Only directories and ignore files need to exist for git to answer. */
function writeWorld(world: World, kinds: ReadonlyMap<Path, boolean>): void {
  for (const entry of readdirSync(repository, { encoding: 'buffer' })) {
    if (entry.toString() === '.git') continue;
    rmSync(Buffer.concat([Buffer.from(`${repository}/`), entry]), { recursive: true });
  }
  for (const [path, isDirectory] of kinds) {
    if (isDirectory) mkdirSync(onDisk(path), { recursive: true });
  }
  for (const { directory, lines } of world.files) {
    writeFileSync(onDisk(joinPath(directory, '.gitignore')), toBytes(lines.join('\n')));
  }
}

/** By path: what git says. */
function askGit(kinds: ReadonlyMap<Path, boolean>): Map<Path, boolean> {
  const asked = [...kinds.keys()];
  const input = Buffer.concat(asked.flatMap((path) => [toBytes(path), Buffer.from([0])]));
  const answer = git(['check-ignore', '--stdin', '-z', '--no-index', '-v', '-n'], input);
  // Four fields a path: source, line number, pattern, path.
  const fields = answer.toString('latin1').split('\0');
  return new Map(
    asked.map((path, index) => {
      const pattern = fields[index * 4 + 2] ?? '';
      expect(fields[index * 4 + 3]).toBe(toBytes(path).toString('latin1'));
      return [path, fields[index * 4] !== '' && !pattern.startsWith('!')];
    }),
  );
}

function askRules(
  world: World,
  kinds: ReadonlyMap<Path, boolean>,
  file: '.gitignore' | '.caiignore' = '.gitignore',
): Map<Path, boolean> {
  const rules = new Rules({ ignore: [], allow: [], gitignore: true, git: false });
  for (const { directory, lines } of world.files) {
    rules.setRuleFile(joinPath(directory, file), lines.join('\n'));
  }
  return new Map(
    [...kinds].map(([path, isDirectory]) => [path, rules.fullVerdict(path, isDirectory).excluded]),
  );
}

test('agrees with git on random rules and paths', () => {
  const verdicts = { compared: 0, excluded: 0 };
  fc.assert(
    fc.property(world, (world) => {
      const kinds = layOut(world);
      writeWorld(world, kinds);
      const expected = askGit(kinds);
      const differences = [...askRules(world, kinds)].filter(
        ([path, ours]) => ours !== expected.get(path),
      );
      verdicts.compared += expected.size;
      verdicts.excluded += [...expected.values()].filter(Boolean).length;
      expect(differences).toEqual([]);
      expect(askRules(world, kinds, '.caiignore')).toEqual(expected);
    }),
    { numRuns: Number(process.env.IGNORE_RUNS ?? 45) },
  );
  // The worlds must not be trivial.
  expect(verdicts.compared).toBeGreaterThan(3000);
  expect(verdicts.excluded / verdicts.compared).toBeGreaterThan(0.03);
  expect(verdicts.excluded / verdicts.compared).toBeLessThan(0.9);
}, 60_000);

test('agrees with git on every byte in every named class', () => {
  const classes = 'alnum alpha blank cntrl digit graph lower print punct space upper xdigit'.split(
    ' ',
  );
  const bytes = Array.from({ length: 255 }, (_, at) => at + 1).filter((byte) => byte !== 0x2f);
  const char = (byte: number) =>
    byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 + byte);
  const world: World = {
    files: [{ directory: '', lines: classes.map((each) => `x${each}[[:${each}:]]`) }],
    paths: classes.flatMap((each) => bytes.map((byte) => [`x${each}${char(byte)}`])),
  };
  const kinds = layOut(world);
  writeWorld(world, kinds);
  expect(askRules(world, kinds)).toEqual(askGit(kinds));
}, 60_000);

test('agrees with git on all patterns of up to four pieces', () => {
  const alphabet = ['a', 'b', '/', '*', '**', '[!b]'];
  const longer = (patterns: string[]) =>
    patterns.flatMap((p) => alphabet.map((piece) => p + piece));
  const two = longer(alphabet);
  const three = longer(two);
  // What ends in a slash would need directories on disk; the random worlds have them.
  const patterns = [...alphabet, ...two, ...three, ...longer(three)].filter(
    (p) => !p.endsWith('/'),
  );
  const asked = ['a', 'b', 'ab', 'a/b', 'a/a/b', 'ab/b', 'a/ab', 'b/a', 'aab/b/a'];
  const world: World = {
    files: patterns.map((pattern, at) => ({ directory: `${at}`, lines: [pattern] })),
    paths: [],
  };
  const kinds = new Map(patterns.map((_, at) => [`${at}`, true]));
  const paths = new Map(
    [...kinds.keys()].flatMap((at) => asked.map((path) => [`${at}/${path}`, false])),
  );
  writeWorld(world, kinds);
  const expected = askGit(paths);
  const differences = [...askRules(world, paths)].filter(
    ([path, ours]) => ours !== expected.get(path),
  );
  const shown = differences.map(([path, ours]) => [
    patterns[Number.parseInt(path, 10)],
    path,
    ours,
  ]);
  expect(shown).toEqual([]);
}, 60_000);

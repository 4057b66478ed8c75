import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkFault } from './link.ts';
import { isWithin, joinPath } from './path.ts';

// Many directories are made and removed: in memory where that is to be had.
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
let root = '';

beforeEach(() => {
  // Names of the pool stand above the root too, so that a link that leaves does arrive somewhere.
  const above = realpathSync(mkdtempSync(join(scratch, 'link-')));
  root = join(above, 'a', 'root');
  mkdirSync(root, { recursive: true });
  for (const name of ['a', 'b', 'c']) mkdirSync(join(above, name, name), { recursive: true });
});

afterEach(() => rmSync(dirname(dirname(root)), { recursive: true, force: true }));

test.each([
  ['l', 'a'],
  ['l', './a//b/.'],
  ['l', '.'],
  ['d/l', '..'],
  ['d/e/l', '../../x'],
  ['d/e/l', './../x'],
  ['l', '...'],
  ['l', 'a..b/..c'],
])('%s -> %s may travel', (path, target) => expect(linkFault(path, target)).toBeUndefined());

test.each([
  ['l', undefined, 'string'],
  ['l', '', 'empty'],
  ['l', '/etc/passwd', 'absolute'],
  ['l', 'a\0', 'NUL'],
  ['l', '..', 'out of the root'],
  ['d/l', '../..', 'out of the root'],
  ['d/l', '.././/../x', 'out of the root'],
  ['d/l', 'a/..', 'behind a name'],
  ['d/l', '../a/../b', 'behind a name'],
  ['l', 'a\ud800', 'surrogates'],
])('%s -> %j may not', (path, target, fault) => expect(linkFault(path, target)).toContain(fault));

test('a target is as long as a disk can hold', () => {
  const fits = ['x'.repeat(4095), '\udcff'.repeat(4095)];
  expect(fits.map((target) => linkFault('l', target))).toEqual([undefined, undefined]);
  for (const target of ['x'.repeat(4096), 'é'.repeat(2048)]) {
    expect(linkFault('l', target)).toContain('too long');
  }
});

test('a `..` behind a name can leave although the text does not', () => {
  mkdirSync(join(root, 'd'));
  symlinkSync('..', join(root, 'd/up'));
  symlinkSync('d/up/..', join(root, 'l'));
  expect(normalize('d/up/..')).toBe('d');
  // Not plain realpathSync: that one is fooled itself.
  expect(realpathSync.native(join(root, 'l'))).toBe(dirname(root));
  expect(linkFault('d/up', '..')).toBeUndefined();
  expect(linkFault('l', 'd/up/..')).toBeDefined();
});

const names = ['a', 'b', 'c'];
const directories = ['', 'a', 'a/a', 'a/a/b', 'b', 'b/c'];
/** Every other name in these directories may be a link, so that links meet links. */
const places = directories
  .flatMap((directory) => names.map((name) => joinPath(directory, name)))
  .filter((path) => !directories.includes(path));
const down = fc.array(fc.constantFrom(...names, ...names, '..'), { maxLength: 3 });
const target = fc
  .tuple(fc.constantFrom('.', '..', '..', '../..', './../..'), down)
  .map(([up, down]) => [up, ...down].join('/'));
const plan = fc.record({
  targets: fc.array(target, { minLength: places.length, maxLength: places.length }),
  walks: fc.array(fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 7 }), {
    minLength: 20,
    maxLength: 20,
  }),
});

test('links that may travel never lead out of the root, however they are chained', () => {
  const seen = { links: 0, arrived: 0 };
  fc.assert(
    fc.property(plan, ({ targets, walks }) => {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      for (const path of directories) mkdirSync(join(root, path), { recursive: true });
      for (const [at, path] of places.entries()) {
        const target = targets[at] as string;
        if (linkFault(path, target) !== undefined) continue;
        symlinkSync(target, join(root, path));
        seen.links += 1;
      }
      for (const path of [...places, ...walks.map((names) => names.join('/'))]) {
        const end = arrive(`${root}/${path}`);
        if (end === undefined) continue;
        seen.arrived += 1;
        expect(isWithin(root, end), `${path} leads to ${end}`).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
  expect(seen.links).toBeGreaterThan(200);
  expect(seen.arrived).toBeGreaterThan(400);
}, 30_000);

/** Where the kernel's way ends; undefined for a dead end or a circle. */
function arrive(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/**
 * All small trees: one name, with a directory of two names as its richest form, in every combination
 * of base, local and container. CAI_LONG=1 takes a larger set, all modes and policies.
 */
import { describe, expect, test } from 'vitest';
import type { FileEntry } from './entry.ts';
import type { ConflictPolicy, SyncMode } from './reconcile.ts';
import { type Case, checkLaws, checkMirror } from './reconcile-laws.ts';
import { blocked, directory, file, link, type Picture, picture, type Sketch } from './testing.ts';

const long = process.env.CAI_LONG === '1';
const policies: readonly ConflictPolicy[] = ['merge', 'newest', 'local', 'container', 'manual'];

type Look = Exclude<Sketch[string], string>;
const [one, two, three] = ['one', 'two', 'three'].map((text, i) =>
  file(text, { mtime: 1000.5 + 1000 * i }),
) as [FileEntry, FileEntry, FileEntry];

function shapes(
  first: readonly Look[],
  second: readonly Look[],
  others: readonly Look[],
): Picture[] {
  const directories = first.flatMap((a) => second.map((b): Look => ({ a, b })));
  return [...others, ...directories].map((d) => picture({ d }));
}

function* combinations(bases: readonly Picture[], now: readonly Picture[]) {
  for (const base of bases) {
    for (const local of now) for (const container of now) yield { base, local, container };
  }
}

interface Setting {
  readonly mode: SyncMode;
  readonly policy: ConflictPolicy;
}

const settings: readonly Setting[] = [
  ...policies.map((policy) => ({ mode: 'two-way', policy }) as const),
  { mode: 'to-container', policy: 'merge' },
  { mode: 'to-local', policy: 'merge' },
];

/** Every combination, with every setting (or, in the short form, with the settings in turns). */
function checkAll(
  bases: readonly Picture[],
  now: readonly Picture[],
  rest: Pick<Case, 'modes'> & Partial<Case>,
  every: readonly Setting[] = settings,
): number {
  let count = 0;
  for (const trees of combinations(bases, now)) {
    const taken = long ? every : [every[count % every.length] as Setting, every[0] as Setting];
    for (const setting of new Set(taken)) {
      const which: Case = { ...trees, ...setting, terse: count % 2 === 0, ...rest };
      checkLaws(which);
      if (rest.isProtected === undefined && rest.hostLeads !== true) checkMirror(which);
    }
    count += 1;
  }
  return count;
}

const empty: Look = {};
const nested: readonly Look[] = long ? [{ x: one }, { x: two }] : [{ x: two }];

describe('all small trees', { timeout: 600_000 }, () => {
  test('contents, links and directories', () => {
    const bases = shapes(
      [null, one, link('t'), empty, ...nested],
      [null, one],
      [null, one, link('t')],
    );
    const now = shapes(
      [null, one, two, three, link('t'), empty, blocked(), ...nested],
      long ? [null, one, two] : [null, one],
      [null, one, two, three, link('t'), blocked()],
    );
    expect(checkAll(bases, now, { modes: 'portable' })).toBeGreaterThan(5000);
  });

  test('without a base', () => {
    const now = shapes(
      [null, one, two, link('t'), empty, blocked(), ...nested],
      [null, one, two],
      [null, one, two, link('t'), link('u'), blocked()],
    );
    expect(checkAll([picture({})], now, { modes: 'portable', hostLeads: true })).toBeGreaterThan(
      500,
    );
  });

  test('protected paths', () => {
    const bases = shapes([null, one, empty], [null, one], [null, one]);
    const now = shapes(
      [null, one, two, empty, blocked(), ...nested],
      [null, one, two],
      [null, one, two],
    );
    const rules = [
      (path: string) => path === 'd/a',
      (path: string) => path === 'd',
      (path: string) => path === 'd/a/x',
    ];
    for (const isProtected of rules) {
      expect(checkAll(bases, now, { modes: 'portable', isProtected })).toBeGreaterThan(1000);
    }
  });

  test('executable bits and times', () => {
    const files = ['one', 'two'].flatMap((text) =>
      [false, true].flatMap((executable) =>
        [1000.5, 2000.5, 3000.5].map((mtime) => file(text, { executable, mtime })),
      ),
    );
    const some = shapes([], [], [null, ...files]);
    expect(checkAll(some, some, { modes: 'portable' })).toBe(13 ** 3);
  });

  test('all modes', () => {
    const files = [0o600, 0o644, 0o755].map((mode, i) =>
      file('one', { mode, executable: mode === 0o755, mtime: 1000.5 + i * 1000 }),
    );
    const directories = [0o700, 0o750, 0o555].flatMap((mode) => {
      const d = directory(mode);
      return [picture({ d }), new Map([...picture({ d }), ['d/a', one]])];
    });
    const some = [...shapes([], [], [null, ...files]), ...directories];
    expect(checkAll(some, some, { modes: 'full' })).toBe(10 ** 3);
  });
});

/** Random larger trees: a base, and two sides that went on from it (or from nothing). */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Look } from './entry.ts';
import { joinPath, type Path, parentPath } from './path.ts';
import { type Case, checkLaws, checkMirror, checkPiecemeal } from './reconcile-laws.ts';
import { blocked, directory, file, link, type Picture } from './testing.ts';

const runs = process.env.CAI_LONG === '1' ? 20_000 : 600;
const names = ['a', 'b', 'c', 'é'];

const path = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

const look = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        text: fc.constantFrom('one', 'two', 'three'),
        executable: fc.boolean(),
        mtime: fc.integer({ min: 1, max: 9 }),
      })
      .map(
        ({ text, executable, mtime }): Look => file(text, { executable, mtime: mtime * 10_000.5 }),
      ),
  },
  { weight: 3, arbitrary: fc.constantFrom<Look>(directory(), directory(0o700)) },
  { weight: 2, arbitrary: fc.constant<Look>(null) },
  { weight: 1, arbitrary: fc.constantFrom<Look>(link('t'), link('u')) },
);

const steps = (maxLength: number, looks: fc.Arbitrary<Look> = look) =>
  fc.array(fc.tuple(path, looks), { maxLength });

const sometimesBlocked = fc.oneof(
  { weight: 20, arbitrary: look },
  { weight: 1, arbitrary: fc.constant(blocked()) },
);

/** Sets entries one after another, making the directories they need. */
function goOn(from: Picture, todo: readonly (readonly [Path, Look])[]): Picture {
  const now = new Map(from);
  const put = (at: Path, entry: Look): void => {
    const keeps = entry?.kind === 'directory' && now.get(at)?.kind === 'directory';
    if (!keeps)
      for (const other of [...now.keys()]) if (other.startsWith(`${at}/`)) now.delete(other);
    if (entry === null) now.delete(at);
    else now.set(at, entry);
  };
  for (const [at, entry] of todo) {
    if (entry !== null) {
      let parent = '';
      for (const name of parentPath(at)
        .split('/')
        .filter((part) => part !== '')) {
        parent = joinPath(parent, name);
        if (now.get(parent)?.kind !== 'directory') put(parent, directory());
      }
    }
    put(at, entry);
  }
  return now;
}

const trees = fc
  .tuple(steps(25), steps(10, sometimesBlocked), steps(10, sometimesBlocked))
  .map(([first, mine, theirs]) => {
    const base = goOn(new Map(), first);
    return { base, local: goOn(base, mine), container: goOn(base, theirs) };
  });

const settings = fc.record({
  mode: fc.constantFrom('two-way', 'two-way', 'to-container', 'to-local'),
  modes: fc.constantFrom('portable', 'full'),
  policy: fc.constantFrom('merge', 'newest', 'local', 'container', 'manual'),
  clockSkew: fc.constantFrom(0, 25_000, -25_000),
  terse: fc.boolean(),
} as const);

const cases: fc.Arbitrary<Case> = fc
  .tuple(trees, settings)
  .map(([some, set]) => ({ ...some, ...set }));

describe('random trees', { timeout: 600_000 }, () => {
  test('keep the laws', () => {
    fc.assert(fc.property(cases, checkLaws), { numRuns: runs });
  });

  test('are decided alike with the sides swapped', () => {
    fc.assert(fc.property(cases, checkMirror), { numRuns: runs });
  });

  test('end up the same when they are decided path by path', () => {
    fc.assert(fc.property(cases, checkPiecemeal), { numRuns: runs });
  });

  test('keep the laws without a base, and when something is protected', () => {
    const hostLeads = cases.map((one) => ({ ...one, base: new Map(), hostLeads: true }));
    fc.assert(fc.property(hostLeads, checkLaws), { numRuns: runs });
    const guarded = fc.tuple(cases, path).map(([one, at]) => ({
      ...one,
      isProtected: (other: Path) => other === at || other.startsWith(`${at}/`),
    }));
    fc.assert(fc.property(guarded, checkLaws), { numRuns: runs });
  });
});

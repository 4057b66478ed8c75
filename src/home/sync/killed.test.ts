/**
 * `cai sync` that ends at any of its steps: from one of its writes to the disk on none happens any more, as if the
 * process had been killed there, also within a copy or a removal. Every content is then at its old place, at its new
 * one or beside it, and the next run completes what was begun.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { random } from '../../../test/support/random.ts';
import { type Made, snapshot } from '../../../test/support/tree.ts';
import { old, place } from './places.fixture.ts';
import type { SyncPlaces } from './places.ts';
import { type SyncAction, type SyncReport, syncHome } from './sync.ts';

type Spec = Readonly<Record<string, Made>>;

/** All that writes to a disk in this room; what of it can be half done is half done when it is the last. */
const writers = [
  'chmodSync',
  'copyFileSync',
  'lchownSync',
  'linkSync',
  'lutimesSync',
  'mkdirSync',
  'openSync',
  'renameSync',
  'rmSync',
  'symlinkSync',
  'writeFileSync',
] as const;

type Call = (...args: unknown[]) => unknown;
const real = { ...fs };
const port = fs as unknown as Record<string, Call>;

function halfDone(name: string, args: readonly unknown[]): void {
  const [from, to] = args as [string, string];
  if (name === 'copyFileSync') {
    const bytes = real.readFileSync(from);
    real.writeFileSync(to, bytes.subarray(0, bytes.length / 2));
  }
  if (
    name === 'rmSync' &&
    real.lstatSync(from, { throwIfNoEntry: false })?.isDirectory() === true
  ) {
    const [first] = real.readdirSync(from);
    if (first !== undefined) real.rmSync(join(from, first), { recursive: true });
  }
}

const ownPid = process.pid;
/** No process has such a number: what a run with it began is known to be left over. */
const deadPid = 99_999_999;

/** Runs it until its `last`-th write, which does not happen, or half; answers with what they were about. */
function runUntil(places: SyncPlaces, last: number): readonly string[] {
  const steps: string[] = [];
  // What node's own functions call within themselves is no step.
  let within = false;
  for (const name of writers) {
    const own = port[name] as Call;
    port[name] = (...args) => {
      if (within || (name === 'openSync' && args[1] === 'r')) return own(...args);
      steps.push(args.join(' '));
      within = true;
      try {
        if (steps.length < last) return own(...args);
        if (steps.length === last) halfDone(name, args);
        throw new Error('killed');
      } finally {
        within = false;
      }
    };
  }
  Object.defineProperty(process, 'pid', { value: deadPid });
  syncBuiltinESMExports();
  try {
    syncHome(places, { dryRun: false });
  } finally {
    heal();
  }
  return steps;
}

function heal(): void {
  for (const name of writers) port[name] = real[name] as Call;
  Object.defineProperty(process, 'pid', { value: ownPid });
  syncBuiltinESMExports();
}
afterEach(heal);

const complete = (places: SyncPlaces): SyncReport => syncHome(places, { dryRun: false });

/** Every file's content below the home directory, the volume in it included. */
function contents({ home }: SyncPlaces): string[] {
  return snapshot(home)
    .filter(({ type }) => type === 'file')
    .map(({ path }) => fs.readFileSync(join(home, path), 'utf8'));
}

/** What a program finds at a path. */
function readable(places: SyncPlaces, path: string): string | undefined {
  try {
    return fs.readFileSync(join(places.home, path), 'utf8');
  } catch {
    return undefined;
  }
}

const isVersion = (text: string): boolean => !['', '{}', '{}\n'].includes(text);

function textsOf(...specs: readonly Spec[]): string[] {
  return specs
    .flatMap((spec) => Object.values(spec))
    .flatMap((made) => {
      if (typeof made === 'string') return [made];
      return typeof made === 'object' && 'content' in made ? [String(made.content)] : [];
    })
    .filter(isVersion);
}

interface Scenario {
  readonly home: Spec;
  readonly data: Spec;
  /** What comes of it when nobody is killed. */
  readonly whole: SyncPlaces;
  readonly refused: number;
}

const isRefused = ({ outcome }: SyncAction): boolean => outcome === 'refused';

function scenario(home: Spec, data: Spec): Scenario {
  const whole = place(home, data);
  return { home, data, whole, refused: complete(whole).actions.filter(isRefused).length };
}

function check({ home, data, whole, refused }: Scenario, last: number): void {
  const places = place(home, data);
  runUntil(places, last);
  const texts = textsOf(home, data);
  expect(contents(places), `after write ${last}`).toEqual(expect.arrayContaining(texts));
  const { actions } = complete(places);
  const found = contents(places);
  expect(found, `completed after write ${last}`).toEqual(expect.arrayContaining(texts));
  // No more is refused than without the kill, every program reads the same, and nothing of the first run is left.
  expect(actions.filter(isRefused)).toHaveLength(refused);
  for (const path of Object.keys({ ...home, ...data }))
    expect([path, readable(places, path)]).toEqual([path, readable(whole, path)]);
  const left = snapshot(places.home).filter(({ path }) => path.includes('cai-sync-'));
  expect(left.map(({ path }) => path)).toEqual([]);
}

const home: Spec = {
  '.vimrc': 'mine',
  '.zshrc': { content: 'of the image', mtime: old },
  '.vim/a': 'local a',
  '.vim/b/c': 'local c',
  '.vim/rel': { link: 'b/c' },
  '.claude.json': { content: '{"k":1}', mode: 0o600 },
  '.claude/settings.json': '{"local":1}',
  '.config/tmux/kind': 'file',
};
const data: Spec = {
  '.vimrc': 'imported',
  '.zshrc': 'imported zshrc',
  '.vim/a': 'volume a',
  '.vim/d': 'volume d',
  '.claude.json': '{}\n',
  '.config/tmux/kind/inner': 'dir',
};

test('at each write to what it moves, and at some of the others', () => {
  const known = scenario(home, data);
  const steps = runUntil(place(home, data), Number.POSITIVE_INFINITY);
  const own = Object.keys({ ...home, ...data }).map((path) =>
    path.split('/').slice(0, 2).join('/'),
  );
  const isOwn = (paths: string): boolean => own.some((path) => paths.includes(`/${path}`));
  const chance = random();
  const rest = Math.max(1, steps.length / 10);
  const chosen = steps.flatMap((paths, index) =>
    isOwn(paths) || chance.below(rest) === 0 ? [index + 1] : [],
  );
  console.info(`seed ${chance.seed}: ${chosen.length} of ${steps.length} writes`);
  for (const last of chosen) check(known, last);
});

test('at any write, whatever stands on both sides', () => {
  const names = fc.constantFrom('.vimrc', '.vim/a', '.vim/b/c', '.claude.json', '.claude/skills/s');
  const tree = fc.dictionary(names, fc.constantFrom('', '{}', '1', '2', 'long text'), {
    maxKeys: 5,
  });
  fc.assert(
    fc.property(tree, tree, fc.nat(100), (local, volume, last) =>
      check(scenario(local, volume), last + 1),
    ),
    { numRuns: 10 },
  );
});

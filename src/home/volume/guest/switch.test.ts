import * as nodeFs from 'node:fs';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeNeeding } from '../../../../test/support/needs.ts';
import { temporaryDirectory } from '../../../../test/support/tree.ts';
import type { WireEntry } from '../protocol.ts';
import { planWrite } from './plan.ts';
import { openStage } from './stage.ts';
import { carryOut, recover, type SwitchFs } from './switch.ts';
import { walk } from './walk.ts';

/** More with CAI_TEST_RUNS. */
const runs = Number(process.env.CAI_TEST_RUNS ?? 8);

type Model = Readonly<Record<string, string>>;

const paths = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'f', 'f/a'];
/** 'dir', 'link:TARGET', or a file's text. */
const what = fc.constantFrom('dir', 'link:/etc', 'link:a', 'one', 'two');
const model = fc.dictionary(fc.constantFrom(...paths), what, { noNullPrototype: true });

/** Leaves out what has no directory to stand in. */
function sound(wanted: Model): Model {
  const kept: Record<string, string> = {};
  for (const path of paths) {
    const value = wanted[path];
    const parent = dirname(path);
    if (value !== undefined && (parent === '.' || kept[parent] === 'dir')) kept[path] = value;
  }
  return kept;
}

function build(root: string, tree: Model): void {
  for (const [path, value] of Object.entries(tree)) {
    const place = join(root, path);
    if (value === 'dir') mkdirSync(place);
    else if (value.startsWith('link:')) symlinkSync(value.slice(5), place);
    else writeFileSync(place, value);
  }
}

function look(root: string): Model {
  const found: Record<string, string> = {};
  for (const entry of walk(root)) {
    if (entry.kind === 'file') found[entry.path] = readFileSync(join(root, entry.path), 'utf8');
    else found[entry.path] = entry.kind === 'link' ? `link:${entry.target}` : 'dir';
  }
  return found;
}

function entries(tree: Model): { entry: WireEntry; text: string }[] {
  return Object.entries(tree).map(([path, value]) => {
    const common = { path, uid: 1000, gid: 1000, mode: 0o755, mtime: 1_700_000_000_000 };
    if (value === 'dir') return { entry: { kind: 'directory', ...common }, text: '' };
    if (value.startsWith('link:'))
      return { entry: { kind: 'link', ...common, target: value.slice(5) }, text: '' };
    return { entry: { kind: 'file', ...common, size: value.length }, text: value };
  });
}

/** Makes `root` hold `after` and nothing else. */
function replace(root: string, after: Model, fs: SwitchFs): void {
  const stage = openStage(root);
  for (const { entry, text } of entries(after)) {
    stage.add(entry);
    if (text !== '') stage.data(Buffer.from(text));
  }
  const remove = [...walk(root)].map(({ path }) => path).filter((path) => !(path in after));
  const { steps } = planWrite(root, stage.end(), remove);
  stage.makeDurable();
  carryOut(steps, { root, fs });
}

/** Real calls up to the given one; then one fails, or (as after a kill) all do. */
function failing(at: number, once: boolean): { fs: SwitchFs; reached: () => boolean } {
  let calls = 0;
  const fail = (): void => {
    calls += 1;
    if (once ? calls === at : calls >= at) throw Object.assign(new Error('cut'), { code: 'EIO' });
  };
  const looks = new Set(['lstatSync', 'readdirSync', 'readFileSync', 'closeSync']);
  const fs = new Proxy(nodeFs, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      if (typeof call !== 'function' || looks.has(String(name))) return call;
      return (...args: unknown[]) => {
        fail();
        // Counts as a call, and takes long.
        return name === 'fsyncSync' ? undefined : call(...args);
      };
    },
  }) as SwitchFs;
  return { fs, reached: () => calls >= at };
}

/** From `before` to `after`, cut at every call in turn; each time all of the one or all of the other remains. */
function checkEveryCut(before: Model, after: Model, once: boolean): void {
  for (let at = 1; ; at += 1) {
    const root = temporaryDirectory('cai-switch-');
    build(root, before);
    const { fs, reached } = failing(at, once);
    try {
      replace(root, after, fs);
    } catch (error) {
      if ((error as Error).message !== 'cut') throw error;
    }
    recover({ root, fs: nodeFs });
    const found = look(root);
    expect([before, after], `cut at call ${at}`).toContainEqual(found);
    expect(nodeFs.readdirSync(root)).not.toContain('.cai-volume');
    rmSync(root, { recursive: true });
    if (!reached()) {
      expect(found).toEqual(after);
      return;
    }
  }
}

describeNeeding(['root'], 'a write into a volume', () => {
  const both = fc.tuple(model.map(sound), model.map(sound));

  it('leaves the old state or the new one when the helper is killed at any call', () => {
    fc.assert(
      fc.property(both, ([before, after]) => checkEveryCut(before, after, false)),
      { numRuns: runs },
    );
  });

  it('leaves the old state or the new one when any call fails', () => {
    fc.assert(
      fc.property(both, ([before, after]) => checkEveryCut(before, after, true)),
      { numRuns: runs },
    );
  });

  it('does nothing when all stands there already', () => {
    fc.assert(
      fc.property(model.map(sound), (tree) => {
        const root = temporaryDirectory('cai-switch-');
        replace(root, tree, nodeFs);
        const stage = openStage(root);
        for (const { entry, text } of entries(tree)) {
          stage.add(entry);
          if (text !== '') stage.data(Buffer.from(text));
        }
        const plan = planWrite(root, stage.end(), []);
        expect(plan.steps).toEqual([]);
        expect(plan.unchanged).toBe(Object.keys(tree).length);
        stage.drop();
        rmSync(root, { recursive: true });
      }),
    );
  });

  it('does not believe a journal that leads out of the volume', () => {
    const root = temporaryDirectory('cai-switch-');
    const aside = temporaryDirectory('cai-switch-');
    writeFileSync(join(aside, 'victim'), 'x');
    mkdirSync(join(root, '.cai-volume/old'), { recursive: true });
    const step = { do: 'drop', path: `../${aside.split('/').at(-1)}/victim` };
    const journal = `${JSON.stringify(step)}\n{"steps":1}\n`;
    writeFileSync(join(root, '.cai-volume/journal'), journal);
    expect(recover({ root, fs: nodeFs })).toBe('rolled-back');
    expect(readFileSync(join(aside, 'victim'), 'utf8')).toBe('x');
  });
});

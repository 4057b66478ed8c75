/**
 * A session between two directories on one of which the n-th file system call fails, for every n and
 * every way to fail, once or until it is healed; then both sides are the same and nothing is lost.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type FaultyFs, faultyFs } from '../../src/replica/testing.ts';
import { failures } from '../../src/session/disks.fixture.ts';
import { type Pair, startPair } from '../../src/session/testing.ts';
import { openStore } from '../../src/store/open.ts';
import type { Side } from '../../src/tree/path.ts';
import type { Random } from '../support/random.ts';
import { makeTree } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';
import { contentsBelow, contentsInHistory, judge } from './oracle.ts';
import { type Figures, torture } from './rounds.ts';

const codes = Object.keys(failures) as (keyof typeof failures)[];
/** How many calls in a row fail; in the end they last until they are healed. */
const spans = [1, 1, 1, 5, Number.POSITIVE_INFINITY];
const large = 'large '.repeat(40_000);

interface Case {
  readonly n: number;
  readonly code: keyof typeof failures;
  readonly span: number;
  readonly side: Side;
}

/** Consecutive seeds go through all cases. */
function caseOf(seed: number, calls: number): Case {
  const turn = Math.floor(seed / calls);
  return {
    n: (seed * 7919) % calls,
    code: codes[turn % codes.length] as Case['code'],
    span: spans[Math.floor(turn / codes.length) % spans.length] as number,
    side: seed % 2 === 0 ? 'local' : 'container',
  };
}

/** What stands on both sides when the calls begin to fail. */
const before = {
  a: 'a0',
  b: 'b0',
  c: 'c0',
  both: 'both0',
  'd/x': 'x0',
  'd/deep/y': 'y0',
  'e/z': 'z0',
  link: { link: 'a' },
};

/** Writes on one side; `written` and `replaced` as the oracle wants them. */
function edit(root: string, side: Side): { written: string[]; replaced: string[] } {
  const [mine, moved, gone, big] = side === 'local' ? ['a', 'd', 'c', 'l'] : ['b', 'e', 'd/x', 'r'];
  const made = {
    [`new-${side}`]: `new ${side}`,
    [`dir-${side}/one`]: `one ${side}`,
    [`dir-${side}/two`]: `two ${side}`,
    [`link-${side}`]: { link: 'b' },
    [big]: large + side,
    [mine]: `edited ${side}`,
    both: `both ${side}`,
  };
  makeTree(root, made);
  fs.rmSync(join(root, gone), { force: true });
  fs.renameSync(join(root, moved), join(root, `${moved}-moved`));
  fs.chmodSync(join(root, 'both'), side === 'local' ? 0o755 : 0o644);
  const written = Object.values(made).filter((content) => typeof content === 'string');
  return { written, replaced: [] };
}

async function begin(side: Side): Promise<{ pair: Pair; faulty: FaultyFs }> {
  const faulty = faultyFs();
  const pair = await startPair({
    fs: { [side]: faulty.fs },
    options: { conflicts: 'newest', holds: { files: 1e9, share: 1 } },
    fill: (local) => makeTree(local, before),
  });
  await pair.same();
  return { pair, faulty };
}

let counted: Promise<number> | undefined;

/** Calls of the whole scenario when nothing fails. */
async function countCalls(): Promise<number> {
  const { pair, faulty } = await begin('container');
  let calls = 0;
  faulty.fail = () => {
    calls += 1;
    return undefined;
  };
  edit(pair.local, 'local');
  edit(pair.container, 'container');
  await pair.same();
  await pair.stop();
  return calls;
}

async function round(chance: Random): Promise<Figures> {
  counted ??= countCalls();
  const what = caseOf(chance.seed, await counted);
  const { pair, faulty } = await begin(what.side);
  const failed = fail(faulty, what);
  try {
    const testimonies = [edit(pair.local, 'local'), edit(pair.container, 'container')];
    // Whatever comes of it while it fails: it must not hang.
    await pair.session.flush({ timeoutMs: 2_000 }).catch(() => undefined);
    faulty.fail = undefined;
    await waitFor(() => isQuiet(pair), { what: 'quiet without problems', deadline: 40_000 });
    await pair.same();
    await pair.stop();
    const initial = Object.values(before).filter((content) => typeof content === 'string');
    const all = [...testimonies, { written: initial, replaced: ['a0', 'b0', 'c0', 'both0', 'x0'] }];
    const tokens = judge(all, contentsBelow(pair.local), historyOf(pair));
    for (const root of [pair.local, pair.container])
      expect(fs.readdirSync(root).filter((name) => name.startsWith('.cai-'))).toEqual([]);
    return { tokens, failed: failed.length };
  } catch (error) {
    const which = failed.slice(0, 5).join(', ');
    throw new Error(`${which} ${JSON.stringify(what)}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    faulty.fail = undefined;
    await pair.stop();
    fs.rmSync(join(pair.local, '..'), { recursive: true, force: true });
  }
}

/** Makes the n-th call from now on fail; the calls that did are added to the answer. */
function fail(faulty: FaultyFs, { n, code, span }: Case): readonly string[] {
  let calls = 0;
  const failed: string[] = [];
  faulty.fail = (call, path) => {
    calls += 1;
    if (calls <= n || failed.length >= span || !failures[code].test(call)) return undefined;
    failed.push(`${call} ${path}`);
    return code;
  };
  return failed;
}

async function isQuiet({ session }: Pair): Promise<boolean> {
  const { problems, holds } = await session.flush({ timeoutMs: 20_000 });
  if (problems.length + holds.length > 0) throw new Error(JSON.stringify({ problems, holds }));
  return true;
}

function historyOf({ state }: Pair): Set<string> {
  const limits = { maxAge: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
  const store = openStore({ directory: state, limits, readOnly: true });
  try {
    return contentsInHistory(store);
  } finally {
    store.close();
  }
}

describe('failing disks', () => {
  torture({ name: 'disk-faults', quick: 5, share: 0.1, seconds: 60, round });
});

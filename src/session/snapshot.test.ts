/** A side that went back in time while the session did not run: a person is asked (DESIGN 5.5). */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree, snapshot } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { Side } from '../tree/path.ts';
import type { Pair } from './testing.ts';
import { startPair } from './testing.ts';

const read = (...path: string[]) => fs.readFileSync(join(...path), 'utf8');
const names = (dir: string) => snapshot(dir).map((row) => row.path);

/** Everything in `to` becomes as it is in `from`, times and all; the directory itself stays. */
function putBack(from: string, to: string): void {
  for (const name of fs.readdirSync(to)) fs.rmSync(join(to, name), { recursive: true });
  execFileSync('cp', ['-a', `${from}/.`, to]);
}

/** A session whose `side` went back in time after both sides agreed on more. */
async function wentBack(side: Side): Promise<Pair> {
  const pair = await startPair({
    fill: (local) =>
      makeTree(local, { a: '1', b: '1', c: '1', gone: '1', 'old/x': '1', same: '1' }),
  });
  await pair.same();
  const copy = `${pair[side]}-copy`;
  execFileSync('cp', ['-a', pair[side], copy]);
  const other = side === 'local' ? pair.container : pair.local;
  for (const name of ['a', 'b', 'c']) fs.writeFileSync(join(pair.container, name), '2');
  fs.rmSync(join(other, 'gone'));
  fs.rmSync(join(other, 'old'), { recursive: true });
  makeTree(other, { later: 'l', 'made/later': 'm' });
  await pair.same();
  await pair.stop();
  putBack(copy, pair[side]);
  return pair;
}

const present = ['a', 'b', 'c', 'later', 'made', 'made/later', 'same'];
const past = ['a', 'b', 'c', 'gone', 'old', 'old/x', 'same'];

async function held(pair: Pair, side: Side): Promise<void> {
  const { session } = pair;
  await waitFor(() => session.status().holds.length > 0, { what: 'the hold' });
  await session.flush({ timeoutMs: 10_000 });
  expect(session.status().holds).toMatchObject([{ reason: 'restored-snapshot', side }]);
}

describe.each(['container', 'local'] as const)('%s', (side) => {
  it('waits, while all else goes on; reject brings the present back', async () => {
    const first = await wentBack(side);
    const pair = await startPair({ again: first });
    const [back, other] =
      side === 'local' ? [pair.local, pair.container] : [pair.container, pair.local];
    await held(pair, side);
    expect(names(other)).toEqual(present);
    fs.writeFileSync(join(back, 'same'), 'an edit');
    fs.writeFileSync(join(back, 'c'), 'an edit of the older one');
    await waitFor(() => read(other, 'c') === 'an edit of the older one');
    await waitFor(() => read(other, 'same') === 'an edit');
    expect(names(other)).toEqual(present);
    await pair.session.reject();
    await pair.same();
    expect(names(back)).toEqual(present);
    expect(read(back, 'a')).toBe('2');
    expect(read(back, 'c')).toBe('an edit of the older one');
    expect(pair.session.status()).toMatchObject({ holds: [], conflicts: [], pending: 0 });
  });

  it('approve takes the past over, also after another restart', async () => {
    const first = await wentBack(side);
    const second = await startPair({ again: first });
    await held(second, side);
    await second.stop();
    const pair = await startPair({ again: first });
    await held(pair, side);
    await pair.session.approve();
    await pair.same();
    for (const root of [pair.local, pair.container]) {
      expect(names(root)).toEqual(past);
      expect(read(root, 'a')).toBe('1');
    }
    expect(pair.session.status().holds).toEqual([]);
  });
});

it('takes edits for edits: contents of now, and an old version put back by hand', async () => {
  const first = await wentBack('container');
  for (const name of ['a', 'b']) fs.writeFileSync(join(first.container, name), 'new');
  makeTree(first.container, { n1: '1', n2: '2', n3: '3' });
  const pair = await startPair({ again: first });
  await pair.same();
  expect(read(pair.local, 'a')).toBe('new');
  expect(read(pair.local, 'c')).toBe('1');
  expect(pair.session.status().holds).toEqual([]);
});

it('ends by itself when all that went back was changed since', async () => {
  const older = ['a', 'b', 'c'];
  const all = (content: string) => Object.fromEntries(older.map((path) => [path, content]));
  const first = await startPair({ fill: (local) => makeTree(local, all('1')) });
  await first.same();
  const copy = `${first.container}-copy`;
  execFileSync('cp', ['-a', first.container, copy]);
  makeTree(first.container, all('2'));
  await first.same();
  await first.stop();
  putBack(copy, first.container);
  const pair = await startPair({ again: first });
  await held(pair, 'container');
  makeTree(pair.container, all('3'));
  await pair.same();
  expect(read(pair.local, 'a')).toBe('3');
  expect(pair.session.status().holds).toEqual([]);
});

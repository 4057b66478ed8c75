/** What changes while somebody is at work is theirs, from the first write to the last, and nobody else's. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree } from '../../test/support/tree.ts';
import type { Stint } from '../control/api.ts';
import { Stints } from './stints.ts';
import { type Pair, startPair } from './testing.ts';

const all: Stint = { side: 'local', by: 'claude', id: '1', forMs: 20_000 };
const over: Stint = { ...all, forMs: 0 };

describe('stints', () => {
  it('cover a side, or what is below a path, until they end or run out', () => {
    const stints = new Stints();
    stints.hold(all);
    stints.hold({ ...all, by: 'cursor', id: '2', path: 'd' });
    expect(stints.who('local', 'a')).toBe('claude');
    expect(stints.who('local', 'd/e')).toBe('cursor');
    expect(stints.who('container', 'a')).toBeUndefined();
    stints.end({ ...all, id: '2', path: 'd' });
    expect(stints.who('local', 'd/e')).toBe('claude');
    stints.hold({ ...all, forMs: -1 });
    expect(stints.who('local', 'a')).toBeUndefined();
  });

  it('are bounded in number', () => {
    const stints = new Stints();
    for (let n = 0; n < 100; n += 1) stints.hold({ ...all, id: `${n}` });
    expect([stints.has('local', '0'), stints.has('local', '99')]).toEqual([false, true]);
  });
});

function authors({ store }: Pair): Record<string, string | undefined> {
  // Newest first.
  const versions = [...store.history()].reverse();
  return Object.fromEntries(versions.map(({ path, by }) => [path, by]));
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

it('signs what changes between its beginning and its end, on either side, but not what others claim', async () => {
  const pair = await startPair({
    options: { holds: { files: 50, share: 1 } },
    fill: (local) =>
      makeTree(local, {
        before: 'b',
        written: 'w',
        gone: 'g',
        'd/x': 'x',
        claimed: 'c',
        after: 'a',
      }),
  });
  await pair.same();
  writeFileSync(join(pair.local, 'before'), 'by me');
  await pair.session.stint(all);
  writeFileSync(join(pair.local, 'written'), 'by claude');
  rmSync(join(pair.local, 'gone'));
  rmSync(join(pair.local, 'd'), { recursive: true });
  pair.session.attribute('local', 'cursor', [{ path: 'claimed', digest: digestOf('by cursor') }]);
  writeFileSync(join(pair.local, 'claimed'), 'by cursor');
  await pair.session.stint(over);
  writeFileSync(join(pair.local, 'after'), 'by me');
  await pair.same();
  const mine = { before: undefined, after: undefined };
  const theirs = { written: 'claude', gone: 'claude', d: 'claude', 'd/x': 'claude' };
  expect(authors(pair)).toEqual({ ...mine, ...theirs, claimed: 'cursor' });
  await pair.session.stint({ ...all, side: 'container' });
  writeFileSync(join(pair.container, 'before'), 'by claude');
  await pair.session.stint({ ...over, side: 'container' });
  await pair.same();
  expect(authors(pair)).toMatchObject({ before: 'claude' });
});

it('what waits keeps its author until it is carried; a second look at it changes nothing', async () => {
  const pair = await startPair({ fill: (local) => makeTree(local, { mine: 'm', theirs: 't' }) });
  await pair.same();
  await pair.session.pause();
  writeFileSync(join(pair.local, 'mine'), 'by me');
  await pair.session.stint(all);
  writeFileSync(join(pair.local, 'theirs'), 'by claude');
  writeFileSync(join(pair.local, 'mine'), 'by me');
  await pair.session.stint(over);
  await pair.session.resume();
  await pair.same();
  expect(authors(pair)).toEqual({ theirs: 'claude', mine: undefined });
});

it('undo by name takes back all of it, and a conflict names who made which side', async () => {
  const pair = await startPair({
    options: { conflicts: 'manual' },
    fill: (local) => makeTree(local, { both: '1', edited: '1', 'from/x': 'x' }),
  });
  await pair.same();
  await pair.session.stint({ ...all, side: 'container' });
  writeFileSync(join(pair.container, 'edited'), '2');
  writeFileSync(join(pair.container, 'new'), 'n');
  mkdirSync(join(pair.container, 'made'));
  renameSync(join(pair.container, 'from/x'), join(pair.container, 'made/y'));
  await pair.session.stint({ ...over, side: 'container' });
  await pair.same();
  const undone = await pair.session.undo({ paths: [], by: 'claude', dryRun: false });
  expect(undone.refused).toEqual([]);
  expect(undone.done.map(({ path }) => path).sort()).toEqual([
    'edited',
    'from/x',
    'made',
    'made/y',
    'new',
  ]);
  await pair.same();
  await pair.session.pause();
  writeFileSync(join(pair.local, 'both'), 'by me');
  await pair.session.stint({ ...all, side: 'container' });
  writeFileSync(join(pair.container, 'both'), 'by claude');
  await pair.session.stint({ ...over, side: 'container' });
  await pair.session.resume();
  await pair.session.flush({ timeoutMs: 20_000 });
  const [conflict] = pair.session.status().conflicts;
  expect([conflict?.local.by, conflict?.container.by]).toEqual([undefined, 'claude']);
  expect(conflict?.summary).toContain('container 9 bytes by claude');
});

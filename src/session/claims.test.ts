/** Who wrote what is told by the history, and can be taken back by name. */
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree } from '../../test/support/tree.ts';
import type { Claim } from '../control/api.ts';
import type { FileEntry, Look } from '../tree/entry.ts';
import { Claims } from './claims.ts';
import { startPair } from './testing.ts';

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

describe('claims', () => {
  const file = (digest: string): Look => ({ kind: 'file', digest }) as FileEntry;

  it('name the author of exactly that content on that side', () => {
    const claims = new Claims();
    claims.note('local', 'claude', [
      { path: 'a', digest: 'x' },
      { path: 'd', digest: null },
      { path: 'e' },
    ]);
    expect(claims.who('local', 'a', file('x'))).toBe('claude');
    expect(claims.who('local', 'a', file('y'))).toBeUndefined();
    expect(claims.who('container', 'a', file('x'))).toBeUndefined();
    expect(claims.who('local', 'd/below/it', null)).toBe('claude');
    expect(claims.who('local', 'd', file('x'))).toBeUndefined();
    expect(claims.who('local', 'e', { kind: 'directory', mode: 0o755 })).toBe('claude');
  });

  it('are bounded in number', () => {
    const claims = new Claims();
    const many: Claim[] = Array.from({ length: 5000 }, (_, at) => ({
      path: `f${at}`,
      digest: 'x',
    }));
    claims.note('local', 'claude', many);
    expect(claims.who('local', 'f0', file('x'))).toBeUndefined();
    expect(claims.who('local', 'f4999', file('x'))).toBe('claude');
  });
});

it('the history names who made a change, and undo takes back only theirs', async () => {
  const pair = await startPair({
    fill: (local) => makeTree(local, { mine: 'before', theirs: 'before', gone: 'g' }),
  });
  await pair.same();
  const claims = [
    { path: 'theirs', digest: digestOf('by claude') },
    { path: 'gone', digest: null },
  ];
  pair.session.attribute('local', 'claude', claims);
  writeFileSync(join(pair.local, 'mine'), 'by me');
  writeFileSync(join(pair.local, 'theirs'), 'by claude');
  rmSync(join(pair.local, 'gone'));
  await pair.same();
  const authors = Object.fromEntries(pair.store.history().map(({ path, by }) => [path, by]));
  expect(authors).toEqual({ gone: 'claude', mine: undefined, theirs: 'claude' });
  const { done, refused } = await pair.session.undo({ paths: [], by: 'claude', dryRun: false });
  expect(refused).toEqual([]);
  expect(done.map(({ path }) => path)).toEqual(['gone', 'theirs']);
  await pair.same();
});

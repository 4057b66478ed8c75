/** A path becomes something of another kind, on either side. */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Watched, watch } from '../support/session.ts';
import { type Made, makeTree } from '../support/tree.ts';

const kinds = ['file', 'directory', 'link'] as const;
type Kind = (typeof kinds)[number];

const changes = kinds.flatMap((from) =>
  kinds.filter((to) => to !== from).map((to) => ({ from, to, path: `${from}-to-${to}` })),
);

function make(path: string, kind: Kind, text: string): Record<string, Made> {
  if (kind === 'file') return { [path]: text };
  if (kind === 'link') return { [path]: { link: `nowhere-${text}` } };
  return { [`${path}/a/b`]: text, [`${path}/c`]: `${text} c` };
}

const all = (which: 'from' | 'to', text: string): Record<string, Made> =>
  Object.assign({}, ...changes.map((change) => make(change.path, change[which], text)));

function expectKinds(rows: readonly { path: string; type: string }[]): void {
  const kindOf = new Map(rows.map(({ path, type }) => [path, type]));
  for (const { path, to } of changes) expect(kindOf.get(path), path).toBe(to);
}

describeNeeding(['docker'], 'a path that becomes something else', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  async function prepared(): Promise<Watched> {
    const session = await watch(container);
    session.put({ ...all('from', 'before'), stays: 'here' });
    await session.same();
    return session;
  }

  test('on the local side', async () => {
    const session = await prepared();
    for (const { path } of changes) rmSync(join(session.local, path), { recursive: true });
    makeTree(session.local, all('to', 'after'));
    expectKinds(await session.same());
    const reasons = new Set((await session.history()).map(({ side }) => side));
    expect([...reasons]).toEqual(['container']);
  });

  test('in the container', async () => {
    const session = await prepared();
    await session.far(`rm -r ${changes.map(({ path }) => path).join(' ')}`);
    await session.putFar(all('to', 'after'));
    expectKinds(await session.same());
  });

  test('a file is swapped with a directory, by renames', async () => {
    const session = await watch(container);
    session.put({ one: 'a file', 'two/inside': 'a directory' });
    await session.same();
    const at = (name: string) => join(session.local, name);
    renameSync(at('one'), at('tmp'));
    renameSync(at('two'), at('one'));
    renameSync(at('tmp'), at('two'));
    const rows = await session.same();
    expect(rows.map(({ path, type }) => `${path} ${type}`)).toEqual([
      'one directory',
      'one/inside file',
      'two file',
    ]);
    await session.far('mv one x; mv two one; mv x two');
    expect((await session.same()).map(({ path }) => path)).toEqual(['one', 'two', 'two/inside']);
  });

  test('both sides make different things of it: one stands on both, the other is in the history', async () => {
    const session = await watch(container);
    session.put({ p: 'file', q: 'file' });
    await session.same();
    await session.cai.run(['pause', session.name]);
    rmSync(join(session.local, 'p'));
    session.put({ 'p/in': 'directory made here', q: 'edited here' });
    await session.far('rm q; mkdir q; echo made there > q/in; echo edited there > p');
    await session.cai.run(['resume', session.name]);
    await session.same();
    const { conflicts } = await session.status();
    expect(conflicts.map(({ path }) => path).sort()).toEqual(['p', 'q']);
    const lost = await session.history();
    expect(lost.map(({ path }) => path)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^p/)]),
    );
    expect(lost.map(({ path }) => path)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^q/)]),
    );
  });
});

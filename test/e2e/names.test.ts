/** Names of every kind, made on either side; renames that change only the case. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { fill, watch } from '../support/session.ts';
import { type Made, makeTree } from '../support/tree.ts';

/** Names as latin1 bytes: blanks, controls, UTF-8 in both normal forms, none at all, as long as can be. */
function oddNames(side: string): Record<string, Made> {
  const utf8 = (text: string) => Buffer.from(text).toString('latin1');
  const names = [
    ' leading and trailing ',
    'new\nline',
    'tab\tand\rreturn',
    '\x01\x1b[31m\x7f',
    '"quoted" \'names\' `$(touch x)`',
    'back\\slash',
    '*?[a-z]{x,y}',
    '-rf',
    '...',
    '#not-a-comment',
    utf8('größe'),
    utf8('größe'.normalize('NFD')),
    utf8('日本語🎉'),
    utf8(`${'x'.repeat(252)}字`),
    'n'.repeat(255),
    'not\xffutf8\xfe',
    '\xc3',
    '\xed\xa0\x80',
    `\x80${'\xff'.repeat(254)}`,
    utf8('\uFFFD'),
  ];
  const top = `${side}/`;
  return Object.fromEntries([
    ...names.map((name) => [`${top}${name}`, `${side} ${name.length}`] as const),
    ...names.map((name) => [`${top}d${name.slice(1)}/${name}`, `${side} below`] as const),
    [`${top}to-raw`, { link: 'not\xffutf8\xfe' }] as const,
  ]);
}

describeNeeding(['docker', 'linux'], 'names', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  test('any bytes survive the way, there at the start and made later, on both sides', async () => {
    const session = await watch(container);
    makeTree(session.local, oddNames('near'), 'latin1');
    await fill(container, session.root, oddNames('far'), 'latin1');
    const rows = await session.same();
    expect(rows).toHaveLength(2 * Object.keys(oddNames('x')).length + 2 * 20 + 2);
    expect(rows.some(({ path }) => path === 'far/not\xffutf8\xfe')).toBe(true);
    expect(rows.some(({ path }) => path === 'near/\xed\xa0\x80')).toBe(true);
    await session.far("find . -type f -name '*utf8*' -exec sh -c 'echo again >> \"$1\"' x {} ';'");
    await session.same();
    await session.far('rm -rf far/d*; mv near n2');
    const after = await session.same();
    expect(after.some(({ path }) => path === 'n2/not\xffutf8\xfe')).toBe(true);
  });

  test('a rename that changes only the case, both ways', async () => {
    const session = await watch(container);
    session.put({ 'Readme.md': 'r', 'Src/Main.ts': 'm', 'lib/x': 'x' });
    await session.same();
    renameSync(join(session.local, 'Readme.md'), join(session.local, 'README.md'));
    renameSync(join(session.local, 'Src'), join(session.local, 'src'));
    await session.far('mv lib LIB; mv LIB/x LIB/X');
    expect((await session.same()).map(({ path }) => path)).toEqual([
      'LIB',
      'LIB/X',
      'README.md',
      'src',
      'src/Main.ts',
    ]);
    await session.far('mv README.md readme.MD; echo beside > README.md');
    expect((await session.same()).map(({ path }) => path)).toContain('readme.MD');
  });
});

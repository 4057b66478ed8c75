/** The file tools beyond what the reference server has: preconditions, rules, search, pages. */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { smallDisk } from '../../test/support/small-disk.ts';
import { useTools } from './testing.ts';

interface Listed {
  readonly entries: readonly { readonly path: string }[];
  readonly next_cursor?: string;
}

describe('a stale edit', () => {
  test('is refused with the digest of what is there now', async () => {
    const { root, use, refuse } = await useTools({ a: 'one' });
    const { digest } = await use<{ digest: string }>('read_file', { path: 'a' });
    fs.writeFileSync(join(root, 'a'), 'by somebody else');
    const now = await use<{ digest: string }>('read_file', { path: 'a' });
    for (const call of [
      ['edit_file', { file_path: 'a', content: 'two', expected_digest: digest }],
      ['write_file', { path: 'a', content: 'two', expected_digest: digest }],
      ['delete_path', { path: 'a', expected_digest: digest }],
    ] as const) {
      const error = await refuse(call[0], call[1]);
      expect(error).toMatchObject({ code: 'STALE', message: expect.stringContaining(now.digest) });
    }
    expect(fs.readFileSync(join(root, 'a'), 'utf8')).toBe('by somebody else');
  });

  test('"none" makes a file only where there is nothing', async () => {
    const { use, refuse } = await useTools({ a: '' });
    const args = { content: 'x', expected_digest: 'none' };
    expect((await refuse('write_file', { path: 'a', ...args })).code).toBe('STALE');
    expect(await use('write_file', { path: 'b', ...args })).toMatchObject({ result: 'created' });
  });

  test('the same content is not written again', async () => {
    const { root, use } = await useTools({ a: 'x' });
    const before = fs.statSync(join(root, 'a')).mtimeMs;
    expect(await use('write_file', { path: 'a', content: 'x' })).toMatchObject({
      result: 'unchanged',
      sync: { state: 'none' },
    });
    expect(fs.statSync(join(root, 'a')).mtimeMs).toBe(before);
  });
});

describe('secrets and protected paths', () => {
  const spec = {
    '.env': 'TOKEN=secret',
    'keys/id_rsa': 'secret',
    link: { link: '.env' },
    'd/x': '',
  };

  test.each([
    ['read_file', { path: '.env' }],
    ['read_file', { path: 'link' }],
    ['read_file', { path: 'keys/id_rsa' }],
    ['edit_file', { file_path: '.ENV', content: 'x' }],
    ['write_file', { path: 'd/.env.local', content: 'x' }],
    ['file_info', { path: '.env' }],
    ['delete_path', { path: '.env' }],
    ['delete_path', { path: 'keys', recursive: true }],
    ['move_path', { source: '.env', destination: 'x' }],
    ['move_path', { source: 'd/x', destination: '.npmrc' }],
    ['write_file', { path: '.git/hooks/pre-commit', content: 'x' }],
    ['write_file', { path: '.git/config', content: 'x' }],
    ['create_directory', { path: '.GIT/hooks' }],
    ['write_file', { path: '.cai-x', content: 'x' }],
    ['delete_path', { path: '.' }],
    ['move_path', { source: '.', destination: 'x' }],
  ] as const)('%s %j is refused, with the reason', async (tool, args) => {
    const { refuse } = await useTools(spec);
    const error = await refuse(tool, args);
    expect(error).toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/refused: .*\./),
    });
  });

  test('are in no search, and what lists them says that they are refused', async () => {
    const { root, use, client } = await useTools(spec);
    expect(await use('grep', { pattern: 'secret' })).toMatchObject({ matches: [] });
    expect(await use('grep', { pattern: 'secret', include_ignored: true })).toMatchObject({
      matches: [],
    });
    const { entries } = await use<Listed>('list_files');
    expect(entries.find(({ path }) => path === '.env')).toMatchObject({ refused: true });
    await expect(client.readResource({ uri: 'cai://files/.env' })).rejects.toThrow('REFUSED');
    expect(fs.readFileSync(join(root, '.env'), 'utf8')).toBe('TOKEN=secret');
  });

  test('a secret that the session allows may be used', async () => {
    const { use } = await useTools(spec, { rules: { allow: ['.env'] } });
    expect(await use('read_file', { path: '.env' })).toMatchObject({ kind: 'text' });
  });
});

describe('searching and listing', () => {
  const spec = {
    '.gitignore': 'dist/\n*.log\n',
    'dist/a.ts': 'needle',
    'src/a.ts': 'one\nNeedle two\nthree\n',
    'src/b.ts': 'needle\n',
    'src/.gitignore': 'b.ts\n',
    'x.log': 'needle',
    bin: new Uint8Array([0, 1, 2]),
  };

  test('grep leaves out what git ignores, unless it is asked for', async () => {
    const { say, use } = await useTools(spec);
    expect(await say('grep', { pattern: 'needle', ignore_case: true })).toBe(
      'src/a.ts:2:Needle two',
    );
    const all = await use<{ matches: { path: string }[] }>('grep', {
      pattern: 'needle',
      include_ignored: true,
    });
    expect(all.matches.map(({ path }) => path)).toEqual(['dist/a.ts', 'src/b.ts', 'x.log']);
    expect(await use('grep', { pattern: 'needle', path: 'x.log' })).toMatchObject({
      matches: [{ path: 'x.log', line: 1 }],
    });
    const around = { pattern: 'Needle', context: 1 };
    expect(await use('grep', around)).toMatchObject({
      matches: [{ before: ['one'], after: ['three'] }],
      skipped: { binary: 1 },
    });
  });

  test('a regular expression that would take for ever is stopped, a wrong one refused', async () => {
    const { refuse } = await useTools({ a: `${'a'.repeat(60)}b` });
    expect((await refuse('grep', { pattern: '^(a+)+$' })).code).toBe('TIMEOUT');
    expect((await refuse('grep', { pattern: '(' })).code).toBe('USAGE');
  });

  test.each([
    ['list_files', { depth: 100 }, 'entries'],
    ['search_files', { pattern: '**/*' }, 'matches'],
  ])('%s pages through everything once, in order', async (tool, args, key) => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [`d${at % 7}/${at % 3}/f${at}`, 'x']),
    );
    const { use } = await useTools({ ...files, 'd1-x': '', 'd1.a': '' });
    const whole = await use<Record<string, { path: string }[]>>(tool, args);
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = { ...args, limit: 7, ...(cursor === undefined ? {} : { cursor }) };
      const data = await use<Record<string, unknown>>(tool, page);
      found.push(...(data[key] as { path: string }[]).map(({ path }) => path));
      cursor = data.next_cursor as string | undefined;
    } while (cursor !== undefined);
    expect(found).toEqual((whole[key] ?? []).map(({ path }) => path));
    expect(new Set(found).size).toBe(found.length);
  });

  test('names that are no UTF-8 go through', async () => {
    const { root, use, say } = await useTools();
    fs.writeFileSync(Buffer.from(`${root}/caf\xe9`, 'latin1'), 'x');
    const { entries } = await use<Listed>('list_files');
    expect(entries[0]?.path).toBe('caf\udce9');
    expect(await say('read_file', { path: 'caf\udce9' })).toBe('x');
  });

  test('long files come in parts, and long lines are cut', async () => {
    const line = `${'x'.repeat(99)}\n`;
    const { use } = await useTools({ long: line.repeat(5000), wide: 'y'.repeat(300_000) });
    const first = await use<{ next_line: number }>('read_file', { path: 'long' });
    expect(first).toMatchObject({
      first_line: 1,
      last_line: 2000,
      next_line: 2001,
      total_lines: 5000,
    });
    const next = await use('read_file', {
      path: 'long',
      start_line: first.next_line,
      line_count: 3000,
    });
    expect(next).toMatchObject({ first_line: 2001, last_line: 4000 });
    expect(await use('read_file', { path: 'wide' })).toMatchObject({ cut: true, last_line: 1 });
  });
});

describeNeeding(['mount'], 'on a full disk', () => {
  test('a file with two names is as it was when there is no room for what it grows by', async () => {
    const page = 4096;
    const root = smallDisk(16 * page);
    const { refuse } = await useTools({ a: 'one' }, { root });
    fs.linkSync(join(root, 'a'), join(root, 'b'));
    const content = 'x'.repeat(18 * page);
    expect((await refuse('write_file', { path: 'a', content })).code).toBe('NO_SPACE');
    expect(fs.readFileSync(join(root, 'b'), 'utf8')).toBe('one');
  });
});

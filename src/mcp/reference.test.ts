/**
 * What the reference filesystem server does, as a table: every behaviour of its tools under the names that
 * they have here, and the eight groups of its defects, which this one must not have.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { type Tools, useTools } from './testing.ts';

interface Case {
  readonly what: string;
  readonly files?: Parameters<typeof useTools>[0];
  readonly tool: string;
  readonly args: Record<string, unknown>;
  /** Part of the structured content. */
  readonly data?: Record<string, unknown>;
  /** The text, or the code of the error. */
  readonly text?: string | RegExp;
  readonly code?: string;
  readonly after?: (tools: Tools) => void;
}

const content = (tools: Tools, path: string) => fs.readFileSync(join(tools.root, path), 'utf8');

const cases: readonly Case[] = [
  {
    what: 'read_text_file',
    files: { a: 'x\ny\n' },
    tool: 'read_file',
    args: { path: 'a' },
    text: 'x\ny\n',
  },
  {
    what: 'head',
    files: { a: '1\n2\n3\n' },
    tool: 'read_file',
    args: { path: 'a', head: 2 },
    text: '1\n2\n',
    data: { next_line: 3 },
  },
  {
    what: 'tail',
    files: { a: '1\n2\n3\n' },
    tool: 'read_file',
    args: { path: 'a', tail: 1 },
    text: '3\n',
  },
  {
    what: 'head and tail together',
    files: { a: '1' },
    tool: 'read_file',
    args: { path: 'a', head: 1, tail: 1 },
    code: 'USAGE',
  },
  {
    what: 'a range',
    files: { a: '1\n2\n3\n' },
    tool: 'read_file',
    args: { path: 'a', start_line: 2, line_count: 1 },
    text: '2\n',
  },
  {
    what: 'an empty file',
    files: { a: '' },
    tool: 'read_file',
    args: { path: 'a' },
    text: '',
    data: { total_lines: 0 },
  },
  { what: 'a missing file', tool: 'read_file', args: { path: 'a' }, code: 'NOT_FOUND' },
  {
    what: 'a directory as a file',
    files: { 'd/x': '' },
    tool: 'read_file',
    args: { path: 'd' },
    code: 'KIND',
  },
  {
    what: 'read_multiple_files goes on past errors',
    files: { a: 'A' },
    tool: 'read_files',
    args: { paths: ['a', 'b'] },
    data: { files: [{ path: 'a' }], failed: [{ path: 'b', code: 'NOT_FOUND' }] },
  },
  {
    what: 'write_file makes',
    tool: 'write_file',
    args: { path: 'a', content: 'x' },
    data: { result: 'created' },
    after: (t) => expect(content(t, 'a')).toBe('x'),
  },
  {
    what: 'write_file replaces',
    files: { a: { content: 'x', mode: 0o755 } },
    tool: 'write_file',
    args: { path: 'a', content: 'y' },
    data: { result: 'replaced' },
    after: (t) => expect(fs.statSync(join(t.root, 'a')).mode & 0o777).toBe(0o755),
  },
  {
    what: 'write_file makes directories on the way',
    tool: 'write_file',
    args: { path: 'a/b/c', content: 'x' },
    after: (t) => expect(content(t, 'a/b/c')).toBe('x'),
  },
  {
    what: 'write_file through a link',
    files: { t: 'x', l: { link: 't' } },
    tool: 'write_file',
    args: { path: 'l', content: 'y' },
    data: { path: 't' },
    after: (t) => expect(fs.lstatSync(join(t.root, 'l')).isSymbolicLink()).toBe(true),
  },
  {
    what: 'edit_file',
    files: { a: 'one two' },
    tool: 'edit_file',
    args: { file_path: 'a', edits: [{ old_text: 'two', new_text: '$& three' }] },
    after: (t) => expect(content(t, 'a')).toBe('one $& three'),
  },
  {
    what: 'edit_file, several edits one after the other',
    files: { a: 'a' },
    tool: 'edit_file',
    args: {
      file_path: 'a',
      edits: [
        { old_text: 'a', new_text: 'b' },
        { old_text: 'b', new_text: 'c' },
      ],
    },
    data: { replacements: 2 },
    after: (t) => expect(content(t, 'a')).toBe('c'),
  },
  {
    what: 'edit_file, all or nothing',
    files: { a: 'a' },
    tool: 'edit_file',
    args: {
      file_path: 'a',
      edits: [
        { old_text: 'a', new_text: 'b' },
        { old_text: 'x', new_text: 'c' },
      ],
    },
    code: 'NO_MATCH',
    after: (t) => expect(content(t, 'a')).toBe('a'),
  },
  {
    what: 'edit_file, dry run',
    files: { a: 'a\n' },
    tool: 'edit_file',
    args: { file_path: 'a', dry_run: true, edits: [{ old_text: 'a', new_text: 'b' }] },
    data: { dry_run: true, diff: '--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-a\n+b\n' },
    after: (t) => expect(content(t, 'a')).toBe('a\n'),
  },
  {
    what: 'create_directory, also twice',
    files: { 'a/x': '' },
    tool: 'create_directory',
    args: { path: 'a' },
    data: { result: 'unchanged' },
  },
  {
    what: 'create_directory, nested',
    tool: 'create_directory',
    args: { path: 'a/b/c' },
    after: (t) => expect(fs.statSync(join(t.root, 'a/b/c')).isDirectory()).toBe(true),
  },
  {
    what: 'list_directory',
    files: { 'd/x': 'abc', f: '', l: { link: 'f' } },
    tool: 'list_files',
    args: {},
    data: {
      entries: [
        { path: 'd', kind: 'directory' },
        { path: 'f', kind: 'file', size: 0 },
        { path: 'l', kind: 'link' },
      ],
    },
    text: 'd/\nf  0 B\nl@',
  },
  {
    what: 'list_directory_with_sizes, by size',
    files: { a: 'x', b: 'xxx' },
    tool: 'list_files',
    args: { sort: 'size' },
    data: {
      entries: [
        { path: 'b', size: 3 },
        { path: 'a', size: 1 },
      ],
    },
  },
  {
    what: 'directory_tree',
    files: { 'd/e/f': '', x: '' },
    tool: 'directory_tree',
    args: {},
    data: {
      tree: [
        {
          name: 'd',
          kind: 'directory',
          children: [{ name: 'e', kind: 'directory', children: [{ name: 'f', kind: 'file' }] }],
        },
        { name: 'x', kind: 'file' },
      ],
    },
  },
  {
    what: 'directory_tree without some',
    files: { 'd/e': '', 'n/x': '' },
    tool: 'directory_tree',
    args: { exclude: ['n'] },
    text: 'd/\n  e',
  },
  {
    what: 'move_file',
    files: { a: 'x' },
    tool: 'move_path',
    args: { source: 'a', destination: 'b' },
    after: (t) => expect(content(t, 'b')).toBe('x'),
  },
  {
    what: 'move_file never replaces',
    files: { a: 'x', b: 'y' },
    tool: 'move_path',
    args: { source: 'a', destination: 'b' },
    code: 'EXISTS',
    after: (t) => expect(content(t, 'b')).toBe('y'),
  },
  {
    what: 'a directory moves',
    files: { 'a/x': 'x' },
    tool: 'move_path',
    args: { source: 'a', destination: 'b/c' },
    after: (t) => expect(content(t, 'b/c/x')).toBe('x'),
  },
  {
    what: 'a directory does not move into itself',
    files: { 'a/x': 'x' },
    tool: 'move_path',
    args: { source: 'a', destination: 'a/b' },
    code: 'USAGE',
  },
  {
    what: 'a link moves itself',
    files: { t: 'x', l: { link: 't' } },
    tool: 'move_path',
    args: { source: 'l', destination: 'm' },
    data: { kind: 'link' },
    after: (t) => expect(fs.readlinkSync(join(t.root, 'm'))).toBe('t'),
  },
  {
    what: 'search_files',
    files: { 'src/a.ts': '', 'src/b.js': '' },
    tool: 'search_files',
    args: { pattern: '*.ts' },
    data: { matches: [{ path: 'src/a.ts', kind: 'file' }] },
  },
  {
    what: 'search_files with braces and **',
    files: { 'src/a.ts': '', 'src/d/b.tsx': '', c: '' },
    tool: 'search_files',
    args: { pattern: 'src/**/*.{ts,tsx}' },
    text: 'src/a.ts\nsrc/d/b.tsx',
  },
  {
    what: 'get_file_info',
    files: { a: { content: 'x\r\n', mode: 0o640 } },
    tool: 'file_info',
    args: { path: 'a' },
    data: { kind: 'file', size: 3, mode: '0640', eol: 'crlf', synchronised: true },
  },
  {
    what: 'list_allowed_directories',
    tool: 'workspace_info',
    args: {},
    data: { side: 'local', allow_exec: false },
  },
  { what: 'a prefix is no parent', tool: 'list_files', args: { path: '../x' }, code: 'REFUSED' },
  {
    what: 'outside by dots',
    tool: 'read_file',
    args: { path: 'a/../../etc/passwd' },
    code: 'REFUSED',
  },
  {
    what: 'outside by an absolute path',
    tool: 'read_file',
    args: { path: '/etc/passwd' },
    code: 'REFUSED',
  },
  { what: 'a NUL', tool: 'read_file', args: { path: 'a\0b' }, code: 'NAME' },
  {
    what: 'a link out of the root',
    files: { l: { link: '/etc' } },
    tool: 'read_file',
    args: { path: 'l/passwd' },
    code: 'REFUSED',
  },
  {
    what: 'a link out of the root by dots',
    files: { 'd/l': { link: '../../x' } },
    tool: 'write_file',
    args: { path: 'd/l', content: '' },
    code: 'REFUSED',
  },
  {
    what: 'a chain of links',
    files: { a: { link: 'b' }, b: { link: 'a' } },
    tool: 'read_file',
    args: { path: 'a' },
    code: 'REFUSED',
  },
  {
    what: 'no home directory',
    tool: 'read_file',
    args: { path: '~/.ssh/config' },
    code: 'NOT_FOUND',
  },
  {
    what: 'a name in Unicode',
    files: { 'ü/é.txt': 'x' },
    tool: 'read_file',
    args: { path: 'ü/é.txt' },
    text: 'x',
  },

  // 1. A sandbox slip by trimming.
  {
    what: 'defect 1: nothing is trimmed',
    files: { a: 'x' },
    tool: 'read_file',
    args: { path: 'a ' },
    code: 'NOT_FOUND',
  },
  {
    what: 'defect 1: nor are quotes',
    files: { a: 'x', 'a"': 'y' },
    tool: 'read_file',
    args: { path: 'a"' },
    text: 'y',
  },
  // 2. Line ends.
  {
    what: 'defect 2: CRLF stays',
    files: { a: 'one\r\ntwo\r\nthree\r\n' },
    tool: 'edit_file',
    args: { file_path: 'a', edits: [{ old_text: 'one\ntwo', new_text: '1\n2' }] },
    after: (t) => expect(content(t, 'a')).toBe('1\r\n2\r\nthree\r\n'),
  },
  // 4. Which of several matches.
  {
    what: 'defect 4: more than one match',
    files: { a: 'x\nx\n' },
    tool: 'edit_file',
    args: { file_path: 'a', edits: [{ old_text: 'x', new_text: 'y' }] },
    code: 'NO_MATCH',
  },
  {
    what: 'defect 4: all of them, when asked',
    files: { a: 'x\nx\n' },
    tool: 'edit_file',
    args: { file_path: 'a', edits: [{ old_text: 'x', new_text: 'y', replace_all: true }] },
    data: { replacements: 2 },
  },
  {
    what: 'defect 4: an empty text',
    files: { a: 'x' },
    tool: 'edit_file',
    args: { file_path: 'a', edits: [{ old_text: '', new_text: 'y' }] },
    code: 'SCHEMA',
  },
  {
    what: 'defect 4: no edits',
    files: { a: 'x' },
    tool: 'edit_file',
    args: { file_path: 'a', edits: [] },
    code: 'SCHEMA',
  },
  // 5. Counts.
  {
    what: 'defect 5: tail of a file that ends with a newline',
    files: { a: '1\n2\n' },
    tool: 'read_file',
    args: { path: 'a', tail: 1 },
    text: '2\n',
  },
  {
    what: 'defect 5: tail 0',
    files: { a: '1' },
    tool: 'read_file',
    args: { path: 'a', tail: 0 },
    code: 'SCHEMA',
  },
  {
    what: 'defect 5: a fraction',
    files: { a: '1' },
    tool: 'read_file',
    args: { path: 'a', head: 1.5 },
    code: 'SCHEMA',
  },
  {
    what: 'defect 5: a negative number',
    files: { a: '1' },
    tool: 'read_file',
    args: { path: 'a', head: -1 },
    code: 'SCHEMA',
  },
  // 8. A pattern that cannot be.
  {
    what: 'defect 8: a bracket without its partner',
    tool: 'search_files',
    args: { pattern: '[' },
    code: 'USAGE',
  },
  {
    what: 'defect 8: a brace without its partner',
    tool: 'list_files',
    args: { pattern: '*.{ts' },
    code: 'USAGE',
  },
];

describe('as the reference server, or better', () => {
  test.each(cases.map((each) => [each.what, each] as const))('%s', async (_, given) => {
    const tools = await useTools(given.files);
    if (given.code !== undefined) {
      expect((await tools.refuse(given.tool, given.args)).code).toBe(given.code);
    } else {
      const result = await tools.client.callTool({ name: given.tool, arguments: given.args });
      expect(result.isError, JSON.stringify(result.content)).not.toBe(true);
      if (given.data !== undefined) expect(result.structuredContent).toMatchObject(given.data);
      if (given.text !== undefined) expect(result.content).toMatchObject([{ text: given.text }]);
    }
    given.after?.(tools);
  });

  test('defect 3: bytes that are no UTF-8 are not edited, and not damaged', async () => {
    const tools = await useTools();
    const latin1 = Buffer.from('caf\xe9 x', 'latin1');
    fs.writeFileSync(join(tools.root, 'a'), latin1);
    const edits = [{ old_text: 'x', new_text: 'y' }];
    expect((await tools.refuse('edit_file', { file_path: 'a', edits })).code).toBe('KIND');
    expect(fs.readFileSync(join(tools.root, 'a'))).toEqual(latin1);
    const half = await tools.refuse('write_file', { path: 'b', content: '\ud800' });
    expect(['NAME', 'SCHEMA']).toContain(half.code);
    const encoded = { path: 'a', content: latin1.toString('base64'), encoding: 'base64' };
    expect(await tools.use('write_file', encoded)).toMatchObject({ result: 'unchanged' });
  });

  test('read_media_file: images and audio as such, all else as a resource', async () => {
    const tools = await useTools();
    const bytes = Buffer.from([0x89, 0x50, 0, 0xff]);
    for (const name of ['i.png', 's.wav', 'b.bin']) fs.writeFileSync(join(tools.root, name), bytes);
    const read = async (path: string) =>
      (await tools.client.callTool({ name: 'read_file', arguments: { path } })).content;
    const data = bytes.toString('base64');
    expect(await read('i.png')).toEqual([{ type: 'image', data, mimeType: 'image/png' }]);
    expect(await read('s.wav')).toEqual([{ type: 'audio', data, mimeType: 'audio/wav' }]);
    expect(await read('b.bin')).toMatchObject([{ type: 'resource', resource: { blob: data } }]);
  });
});

describeNeeding(['linux'], 'special files', () => {
  test('defect 6: a pipe is refused at once', async () => {
    const tools = await useTools();
    execFileSync('mkfifo', [join(tools.root, 'pipe')]);
    expect((await tools.refuse('read_file', { path: 'pipe' })).code).toBe('KIND');
    expect((await tools.refuse('write_file', { path: 'pipe', content: 'x' })).code).toBe('KIND');
    const { entries } = await tools.use<{ entries: unknown[] }>('list_files');
    expect(entries).toMatchObject([{ path: 'pipe', kind: 'other' }]);
    expect(await tools.say('grep', { pattern: 'x' })).toBe('no match in 0 files');
  });

  test('defect 7: hard links stay together', async () => {
    const tools = await useTools({ a: 'a long text' });
    fs.linkSync(join(tools.root, 'a'), join(tools.root, 'b'));
    await tools.use('edit_file', {
      file_path: 'a',
      edits: [{ old_text: 'a long', new_text: 'a' }],
    });
    expect(content(tools, 'b')).toBe('a text');
  });
});

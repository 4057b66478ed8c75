import { expect, test } from 'vitest';
import { toolArguments } from './call-arguments.ts';

const text = { type: 'string' };
const schema = {
  properties: {
    file_path: text,
    paths: { type: 'array', items: text },
    exclude: { type: 'array', items: text },
    dry_run: { type: 'boolean' },
    limit: { type: 'integer' },
    edits: { type: 'array', items: { type: 'object' } },
  },
};

test.each<[string[], object]>([
  [[], {}],
  [['--file-path', 'a b'], { file_path: 'a b' }],
  [['--file_path=--odd'], { file_path: '--odd' }],
  [['--path', 'a', '--path', 'b', '--exclude', '*.log'], { paths: ['a', 'b'], exclude: ['*.log'] }],
  [
    ['--paths', 'a', 'b', '--exclude', '*.log', '*.tmp', '--path', 'c'],
    { paths: ['a', 'b', 'c'], exclude: ['*.log', '*.tmp'] },
  ],
  [['--dry-run', '--limit', '3'], { dry_run: true, limit: 3 }],
  [['--dry-run', 'false'], { dry_run: false }],
  [['--edits', '{"old_text":"a","new_text":"b"}'], { edits: [{ old_text: 'a', new_text: 'b' }] }],
])('%j is %j', (words, expected) => {
  expect(toolArguments(schema, words)).toEqual(expected);
});

test('a path is the file where there is no list of paths', () => {
  const one = { properties: { file_path: text } };
  expect(toolArguments(one, ['--path', 'a'])).toEqual({ file_path: 'a' });
});

test.each([
  ['--nothing', 'x'],
  ['word'],
  ['--limit'],
  ['--limit', 'x'],
  ['--__proto__', 'x'],
  ['--'],
])('told what is wrong: %s %s', (...words) => {
  const read = () => toolArguments(schema, words);
  expect(read).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

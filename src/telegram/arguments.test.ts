import { expect, test } from 'vitest';
import * as z from 'zod';
import type { ListedTool } from './arguments.ts';
import { readArguments } from './arguments.ts';
import { asksFirst } from './risk.ts';

const tool: ListedTool = {
  name: 'history',
  inputSchema: z.toJSONSchema(
    z.object({
      path: z.string().min(1).describe('a file, or a directory'),
      limit: z.number().int().min(1).max(1000).optional().describe('default 50'),
      side: z.enum(['local', 'container']).optional(),
      tags: z.array(z.string()).optional(),
    }),
    { io: 'input' },
  ),
};

const read = (text: string, word?: string) => readArguments({ tool, text, word });

test.each<[string, object]>([
  ['{"path": "a b", "limit": 3}', { path: 'a b', limit: 3 }],
  ['{“path”: “a”}', { path: 'a' }],
  ['--path "a b" --tag x --tag y', { path: 'a b', tags: ['x', 'y'] }],
  ['—path=a —side local', { path: 'a', side: 'local' }],
])('%s', (text, args) => expect(read(text)).toEqual(args));

test('a first word without a flag has its meaning', () => {
  expect(read('src --limit 3', 'path')).toEqual({ path: 'src', limit: 3 });
});

test.each<[string, RegExp]>([
  ['', /"path" is missing/],
  ['{', /no JSON/],
  ['--path a --limit 0', /"limit": Too small/],
  ['--path a --side far', /"side": Invalid option: expected one of "local"\|"container"/],
  ['--path a --nope 1', /no --nope/],
  ['{"path": "a", "constructor": 1}', /no argument "constructor"/],
  ['--path', /needs a value/],
])('"%s" is refused with what the tool takes', (text, message) => {
  expect(() => read(text)).toThrow(message);
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      next: expect.stringContaining('--path TEXT (needed): a file, or a directory'),
    }),
  );
});

test('what removes or runs something asks first, also when it says nothing of itself', () => {
  const named = (name: string, annotations: ListedTool['annotations']) => ({
    ...tool,
    name,
    annotations,
  });
  expect(asksFirst(named('delete_path', { destructiveHint: true }), {})).toBe(true);
  expect(asksFirst(named('undo', { destructiveHint: true }), { dry_run: true })).toBe(false);
  expect(asksFirst(named('unknown', undefined), {})).toBe(true);
  expect(asksFirst(named('edit_file', { destructiveHint: true }), {})).toBe(false);
  expect(asksFirst(named('pause_sync', { destructiveHint: false }), {})).toBe(false);
  expect(asksFirst(named('grep', { readOnlyHint: true }), {})).toBe(false);
});

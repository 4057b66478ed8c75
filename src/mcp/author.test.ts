/** What a client says it is called becomes a name that the history takes. */
import { expect, test } from 'vitest';
import { isAuthorName } from '../control/claims.ts';
import { toAuthorName } from './author.ts';

test.each([
  ['Claude Code', 'Claude Code'],
  ['cursor-vscode', 'cursor-vscode'],
  ['undo', 'mcp undo'],
  ['restore', 'mcp restore'],
  ['\u001b[31mred', '31mred'],
  ['a\u202eb', 'a-b'],
  ['', 'mcp'],
  ['\u0000', 'mcp'],
  ['x'.repeat(10_000), 'x'.repeat(64)],
])('%j', (said, name) => {
  expect(toAuthorName(said, 'mcp')).toBe(name);
  expect(isAuthorName(toAuthorName(said, 'mcp'))).toBe(true);
});

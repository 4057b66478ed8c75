import * as z from 'zod';
import { displayPath } from '../../tree/path.ts';
import type { Walked } from '../disk/walk.ts';
import { explore, unreadableRows } from '../explore.ts';
import { compilePattern } from '../glob.ts';
import { takePage } from '../page.ts';
import { cursorText, globText, kindName, pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const input = z.object({
  pattern: globText.describe('a glob ("*.test.ts", "src/**/index.*"), or a part of a name'),
  path: pathText.optional().describe('where to search; default the workspace'),
  exclude: z.array(globText).max(100).optional().describe('globs of what to leave out'),
  include_ignored: z.boolean().optional().describe('also what .gitignore leaves out'),
  limit: z.number().int().min(1).max(2000).optional().describe('default 200'),
  cursor: cursorText,
});

const output = z.object({
  matches: z.array(z.object({ path: z.string(), kind: kindName })),
  unreadable: unreadableRows,
  next_cursor: z.string().optional(),
});

export const searchFiles = tool({
  name: 'search_files',
  title: 'Search for files by name',
  description: 'Finds files and directories by their names. For what is in files use grep.',
  input,
  output,
  effect: 'reads',
  async run(args, call) {
    const { pattern, path, exclude, include_ignored: includeIgnored, limit = 200, cursor } = args;
    const matches = toMatcher(pattern);
    const { found, unreadable } = explore(call, { path, includeIgnored, exclude, cursor });
    const page = await takePage(filter(found, matches), limit, (one) => one.path);
    const rows = page.rows.map(({ path: at, kind }) => ({ path: at, kind }));
    const next = page.nextCursor;
    const lines = rows.map((one) => displayPath(one.path) + (one.kind === 'directory' ? '/' : ''));
    if (next !== undefined) lines.push(`… more: cursor ${JSON.stringify(next)}`);
    const text = lines.length === 0 ? 'nothing of that name' : lines.join('\n');
    const more = next === undefined ? {} : { next_cursor: next };
    return { text, data: { matches: rows, unreadable, ...more } };
  },
});

/** A word without any wildcard is a part of a name, whatever its case. */
function toMatcher(pattern: string): (one: Walked) => boolean {
  if (/[*?[\]{}\\/]/.test(pattern)) {
    const matches = compilePattern(pattern);
    return ({ path }) => matches(path);
  }
  const part = pattern.toLowerCase();
  return ({ name }) => name.toLowerCase().includes(part);
}

async function* filter(
  found: AsyncIterable<Walked>,
  matches: (one: Walked) => boolean,
): AsyncGenerator<Walked> {
  for await (const one of found) if (matches(one)) yield one;
}

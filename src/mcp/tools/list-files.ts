import * as z from 'zod';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import type { Walked } from '../disk/walk.ts';
import { explore, unreadableRows } from '../explore.ts';
import { compilePattern } from '../glob.ts';
import { takePage } from '../page.ts';
import { cursorText, globText, kindName, pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const maxSorted = 20_000;

const input = z.object({
  path: pathText.optional().describe('the directory; default the workspace'),
  pattern: globText.optional().describe('a glob, for instance "*.ts" or "src/**/*.{ts,tsx}"'),
  depth: z.number().int().min(1).max(100).optional().describe('default 1, with a pattern 100'),
  include_ignored: z
    .boolean()
    .optional()
    .describe('also what .gitignore and .caiignore leave out; default true at depth 1'),
  sort: z
    .enum(['name', 'size', 'modified'])
    .optional()
    .describe('size and modified: largest and newest first'),
  limit: z.number().int().min(1).max(2000).optional().describe('default 500'),
  cursor: cursorText,
});

const row = z.object({
  path: z.string(),
  kind: kindName,
  size: z.number().optional(),
  modified: z.string().optional(),
  refused: z.boolean().optional().describe('by its name it holds secrets; it cannot be read'),
});

const output = z.object({
  entries: z.array(row),
  unreadable: unreadableRows,
  next_cursor: z.string().optional(),
});

type Row = z.output<typeof row>;

export const listFiles = tool({
  name: 'list_files',
  title: 'List files',
  description:
    'Lists a directory, or everything below it that matches a glob, with kinds, sizes and times. Sorted and paged: go on with next_cursor.',
  input,
  output,
  effect: 'reads',
  async run(args, call) {
    const { path, pattern, limit = 500, sort = 'name', cursor } = args;
    const depth = args.depth ?? (pattern === undefined ? 1 : 100);
    const matches = pattern === undefined ? () => true : compilePattern(pattern);
    const includeIgnored = args.include_ignored ?? depth === 1;
    const sorted = sort !== 'name';
    if (sorted && cursor !== undefined)
      throw new CaiError('USAGE', 'A cursor goes with sort "name" only.', {
        next: 'Narrow the list with a pattern, or raise the limit.',
      });
    const { found, unreadable } = explore(call, { path, includeIgnored, maxDepth: depth, cursor });
    const page = await takePage(
      rows(found, matches),
      sorted ? maxSorted : limit,
      (one) => one.path,
    );
    const entries = sorted ? page.rows.sort(orders[sort]).slice(0, limit) : page.rows;
    const next = sorted ? undefined : page.nextCursor;
    const data = { entries, unreadable, ...(next === undefined ? {} : { next_cursor: next }) };
    return { text: render(entries, next), data };
  },
});

const orders = {
  name: () => 0,
  size: (a: Row, b: Row) => (b.size ?? 0) - (a.size ?? 0),
  modified: (a: Row, b: Row) => ((a.modified ?? '') < (b.modified ?? '') ? 1 : -1),
} as const;

async function* rows(
  found: AsyncIterable<Walked>,
  matches: (path: string) => boolean,
): AsyncGenerator<Row> {
  for await (const one of found) if (matches(one.path)) yield toRow(one);
}

function toRow({ path, kind, refused, stat }: Walked): Row {
  const found = stat();
  return {
    path,
    kind,
    ...(kind === 'file' && found !== undefined ? { size: found.size } : {}),
    ...(found === undefined ? {} : { modified: new Date(found.mtimeMs).toISOString() }),
    ...(refused ? { refused } : {}),
  };
}

const marks = { file: '', directory: '/', link: '@', other: '|' } as const;

function render(entries: readonly Row[], next: string | undefined): string {
  if (entries.length === 0) return 'nothing there';
  const lines = entries.map(({ path, kind, size, refused }) => {
    const name = displayPath(path) + marks[kind];
    const facts = [size === undefined ? '' : `${size} B`, refused ? 'secret, refused' : ''];
    return [name, ...facts.filter((fact) => fact !== '')].join('  ');
  });
  if (next !== undefined) lines.push(`… more: cursor ${JSON.stringify(next)}`);
  return lines.join('\n');
}

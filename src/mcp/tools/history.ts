import * as z from 'zod';
import type { Version } from '../../store/store.ts';
import { displayPath } from '../../tree/path.ts';
import { pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const version = z.object({
  id: z.string().describe('for restore and diff'),
  path: z.string(),
  side: z.enum(['local', 'container']).describe('the side that held it'),
  time: z.string().describe('when it was replaced or removed'),
  reason: z.string(),
  kind: z.enum(['file', 'directory', 'link']),
  size: z.number().optional(),
  digest: z.string().optional(),
  kept: z.boolean().describe('false: its content is no longer there'),
  by: z.string().optional().describe('who made the change that replaced it'),
});

const input = z.object({
  path: pathText.optional().describe('a file, or a directory and all below it'),
  by: z.string().max(64).optional().describe('only what this author replaced'),
  limit: z.number().int().min(1).max(1000).optional().describe('default 50, newest first'),
});

export const history = tool({
  name: 'history',
  title: 'History',
  description:
    'Lists the versions that sync replaced or removed, newest first, with who did it. restore brings one back, diff compares with one.',
  input,
  output: z.object({ versions: z.array(version) }),
  effect: 'reads',
  async run({ path: text, by, limit = 50 }, { workspace, signal }) {
    const path = text === undefined ? '' : workspace.path(text);
    // By author they are sifted here.
    const count = by === undefined ? { limit } : {};
    const params = { ...count, ...(path === '' ? {} : { path }) };
    const rows = await workspace.port.call('history', params, { signal });
    const theirs = by === undefined ? rows : rows.filter((row) => row.by === by).slice(0, limit);
    const versions = theirs.map(toRow);
    const lines = versions.map((row) => {
      const author = row.by === undefined ? '' : `  by ${row.by}`;
      return `${row.id}  ${row.time}  ${row.side}  ${row.reason}${author}  ${displayPath(row.path)}`;
    });
    const nothing = 'nothing was replaced or removed yet';
    return { text: lines.length === 0 ? nothing : lines.join('\n'), data: { versions } };
  },
});

function toRow({
  id,
  path,
  side,
  time,
  reason,
  entry,
  kept,
  by,
}: Version): z.output<typeof version> {
  return {
    id,
    path,
    side,
    time: new Date(time).toISOString(),
    reason,
    kind: entry.kind,
    kept,
    ...(entry.kind === 'file' ? { size: entry.size, digest: entry.digest } : {}),
    ...(by === undefined ? {} : { by }),
  };
}

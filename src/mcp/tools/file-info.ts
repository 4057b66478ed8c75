import { readlinkSync } from 'node:fs';
import * as z from 'zod';
import { toCaiError } from '../../errors.ts';
import { displayPath, fromBytes } from '../../tree/path.ts';
import { withSpot } from '../disk/descend.ts';
import { fromErrno } from '../disk/fault.ts';
import { readWhole } from '../disk/read.ts';
import { kindOf } from '../disk/walk.ts';
import { kindName, pathText } from '../schemas.ts';
import { eolOf, linesOf, textOf } from '../text.ts';
import { tool } from '../tool.ts';

const output = z.object({
  path: z.string(),
  kind: kindName,
  size: z.number(),
  mode: z.string().describe('octal permissions'),
  executable: z.boolean(),
  modified: z.string(),
  created: z.string(),
  digest: z.string().optional(),
  text: z.boolean().optional().describe('UTF-8 without NUL'),
  lines: z.number().optional(),
  eol: z.enum(['lf', 'crlf', 'mixed', 'none']).optional(),
  target: z.string().optional().describe('of a link'),
  hard_links: z.number(),
  synchronised: z.boolean().describe('false: ignore files or the configuration leave it out'),
  left_out_by: z.string().optional(),
});

export const fileInfo = tool({
  name: 'file_info',
  title: 'Facts about a path',
  description:
    'Tells kind, size, times, permissions and digest of a path, and whether sync carries it. A link is described itself, not what it leads to.',
  input: z.object({ path: pathText }),
  output,
  effect: 'reads',
  async run({ path: text }, { workspace }) {
    const asked = workspace.path(text);
    workspace.access.check(asked, 'read');
    return withSpot({ root: workspace.root, path: asked, follow: false }, async (spot) => {
      const { path, stat } = spot;
      if (stat === undefined) throw fromErrno({ code: 'ENOENT' }, path);
      workspace.access.check(path, 'read', stat.isDirectory());
      const rules = workspace.ignoreRules();
      rules.readAbove(path);
      const verdict = rules.verdict(path, stat.isDirectory());
      const data = {
        path,
        kind: kindOf(stat),
        size: stat.size,
        mode: (stat.mode & 0o7777).toString(8).padStart(4, '0'),
        executable: stat.isFile() && (stat.mode & 0o100) !== 0,
        modified: new Date(stat.mtimeMs).toISOString(),
        created: new Date(stat.birthtimeMs).toISOString(),
        hard_links: stat.nlink,
        synchronised: !verdict.excluded,
        ...(verdict.excluded ? { left_out_by: verdict.by } : {}),
        ...(stat.isFile() ? await contentFacts(spot, workspace.root) : {}),
        ...(stat.isSymbolicLink()
          ? { target: fromBytes(readlinkSync(spot.at, { encoding: 'buffer' })) }
          : {}),
      };
      return { text: render(data), data };
    });
  },
});

type Spotted = Parameters<typeof readWhole>[0];

/** A file that is too large to be read, or may not be, still has its other facts. */
async function contentFacts(spot: Spotted, root: string) {
  try {
    const { bytes, digest } = await readWhole(spot, root);
    const text = textOf(bytes);
    if (text === undefined) return { digest, text: false };
    return { digest, text: true, lines: linesOf(text).length, eol: eolOf(text) };
  } catch (error) {
    if (['TOO_LARGE', 'PERMISSION'].includes(toCaiError(error).code)) return {};
    throw error;
  }
}

function render(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([key, value]) => `${key}: ${displayPath(String(value))}`)
    .join('\n');
}

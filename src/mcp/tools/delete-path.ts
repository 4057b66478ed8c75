import * as z from 'zod';
import { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath } from '../../tree/path.ts';
import { carry, describeSync, syncOutcome } from '../change.ts';
import type { Spot } from '../disk/descend.ts';
import { withSpot } from '../disk/descend.ts';
import { fromErrno } from '../disk/fault.ts';
import { readWhole } from '../disk/read.ts';
import { removeEmpty, removeFile } from '../disk/shape.ts';
import { kindOf, walk } from '../disk/walk.ts';
import { checkBelow } from '../inside.ts';
import { digestText, kindName, pathText } from '../schemas.ts';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';

const input = z.object({
  path: pathText,
  recursive: z.boolean().optional().describe('also a directory that is not empty'),
  expected_digest: digestText
    .optional()
    .describe('of a file: remove it only if it still has this content'),
});

const output = z.object({
  path: z.string(),
  kind: kindName,
  files: z.number().describe('how many files and links were removed'),
  sync: syncOutcome,
});

export const deletePath = tool({
  name: 'delete_path',
  title: 'Delete',
  description:
    'Removes a file, a link (not what it leads to) or a directory, on both sides. With a session running, what was removed stays in the history: undo and restore bring it back.',
  input,
  output,
  effect: 'sets',
  async run({ path: text, recursive = false, expected_digest: expected }, call) {
    const { workspace } = call;
    const asked = workspace.path(text);
    workspace.access.check(asked, 'write');
    return withSpot({ root: workspace.root, path: asked, follow: false }, async (spot) => {
      const { path, stat } = spot;
      if (stat === undefined) throw fromErrno({ code: 'ENOENT' }, path);
      const isDirectory = stat.isDirectory();
      workspace.access.check(path, 'write', isDirectory);
      if (expected !== undefined) await checkDigest(call, spot, expected);
      const inside = isDirectory ? await checkBelow(call, path) : undefined;
      const inner = (inside?.files ?? 0) + (inside?.directories ?? 0);
      if (inner > 0 && !recursive) throw notEmpty(path, inner);
      const change = { path, isDirectory, whole: inner > 0, claims: [{ path, digest: null }] };
      const { sync } = await carry(call, change, () =>
        isDirectory ? removeTree(call, spot) : removeFile(spot, stat),
      );
      const files = inside?.files ?? 1;
      const what = displayPath(path) + (isDirectory ? `/ (${files} files)` : '');
      return {
        text: `Deleted ${what}${describeSync(sync)}`,
        data: { path, kind: kindOf(stat), files, sync },
      };
    });
  },
});

async function checkDigest({ workspace }: ToolCall, spot: Spot, expected: string): Promise<void> {
  const { digest } = await readWhole(spot, workspace.root);
  if (digest === expected) return;
  throw new CaiError(
    'STALE',
    `${displayPath(spot.path)} is not what was expected: its digest is ${digest} now.`,
    {
      path: spot.path,
      next: 'Nothing was removed. Read it again, then decide.',
    },
  );
}

/** From the deepest up; what appears meanwhile stays, and its directory with it. */
async function removeTree({ workspace, signal }: ToolCall, spot: Spot): Promise<void> {
  const { root, access } = workspace;
  const found: { path: Path; isDirectory: boolean }[] = [];
  const maxDepth = Number.POSITIVE_INFINITY;
  for await (const one of walk({ root, start: spot.path, access, maxDepth, signal }))
    found.push({ path: one.path, isDirectory: one.kind === 'directory' });
  for (const { path, isDirectory } of found.reverse()) {
    signal.throwIfAborted();
    await withSpot({ root, path, follow: false }, async (inner) => {
      if (inner.stat === undefined) return;
      await (isDirectory ? removeEmpty(inner) : removeFile(inner, inner.stat));
    });
  }
  await removeEmpty(spot);
}

function notEmpty(path: Path, inner: number): CaiError {
  return new CaiError('EXISTS', `${displayPath(path)} is not empty: ${inner} names are in it.`, {
    path,
    next: 'Nothing was removed. Set recursive to remove all of it.',
  });
}

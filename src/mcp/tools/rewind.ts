import * as z from 'zod';
import type { RewriteResult } from '../../control/api.ts';
import { parseMoment } from '../../control/moment.ts';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import { globText, pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const rewriteTimeoutMs = 10 * 60_000;

const rewriteShape = {
  since: z.string(),
  dry_run: z.boolean(),
  done: z.array(z.object({ path: z.string(), action: z.string(), kind: z.string() })),
  refused: z.array(z.object({ path: z.string(), reason: z.string(), message: z.string() })),
};

const momentText = z.string().max(40).describe('"10m", "2h", "14:30" or "2026-01-31T14:00"');

const undoInput = z.object({
  since: momentText.optional().describe('everything since then; default the last batch'),
  side: z
    .enum(['local', 'container'])
    .optional()
    .describe('where the changes came from; default container'),
  paths: z.array(globText).max(100).optional().describe('only what matches, in .gitignore syntax'),
  by: z
    .string()
    .max(64)
    .optional()
    .describe("only what this author did, for instance an MCP client's name"),
  dry_run: z.boolean().optional().describe('only tell what would be done'),
});

export const undo = tool({
  name: 'undo',
  title: 'Undo',
  description:
    'Takes back what sync carried over, on both sides: the last batch, or everything since a time. Paths that somebody edited since are left as they are and listed. An undo can be undone.',
  input: undoInput,
  output: z.object(rewriteShape),
  effect: 'changes',
  async run({ since, side, paths, by, dry_run: dryRun = false }, { workspace, signal, author }) {
    const params = {
      dryRun,
      ...(since === undefined ? {} : { since: moment(since) }),
      ...(side === undefined ? {} : { side }),
      ...(paths === undefined ? {} : { paths }),
      ...(by === undefined ? {} : { by }),
      author,
    };
    const options = { signal, timeoutMs: rewriteTimeoutMs };
    const result = await workspace.port.call('undo', params, options);
    return { text: render(result), data: toData(result) };
  },
});

const restoreInput = z.object({
  version: z.string().max(64).optional().describe('an id of history'),
  to: pathText.optional().describe('with version: write it here instead'),
  path: pathText
    .optional()
    .describe('instead: bring this path, and all below it, back to what it was `at`'),
  at: momentText.optional(),
  dry_run: z.boolean().optional().describe('with path: only tell what would be done'),
});

const restoreOutput = z.object({
  version: z.string().optional(),
  path: z.string().optional(),
  displaced: z.string().optional().describe('the version of what stood there'),
  rewound: z.object(rewriteShape).optional(),
});

export const restore = tool({
  name: 'restore',
  title: 'Restore',
  description:
    'Puts a version of the history back, or brings a path back to what it was at a time. It happens on the local side, and sync carries it on. What stood there goes into the history.',
  input: restoreInput,
  output: restoreOutput,
  effect: 'sets',
  async run({ version, to, path, at, dry_run: dryRun = false }, { workspace, signal, author }) {
    const options = { signal, timeoutMs: rewriteTimeoutMs };
    if (version !== undefined && path === undefined && at === undefined) {
      const target = to === undefined ? {} : { to: workspace.path(to) };
      if (target.to !== undefined) workspace.access.check(target.to, 'write');
      const done = await workspace.port.call('restore', { version, ...target, author }, options);
      const { id, path: where, displaced } = done;
      const kept = displaced === undefined ? '' : ` (what stood there is version ${displaced})`;
      const text = `Restored version ${id} to ${displayPath(where)}${kept}`;
      return { text, data: { version: id, path: where, ...(displaced && { displaced }) } };
    }
    if (path === undefined || at === undefined || version !== undefined || to !== undefined)
      throw new CaiError('USAGE', 'Give version (and to), or path and at.', {
        next: 'See history.',
      });
    const target = workspace.path(path);
    const where = target === '' ? {} : { path: target };
    const result = await workspace.port.call(
      'rewind',
      { ...where, time: moment(at), dryRun, author },
      options,
    );
    return { text: render(result), data: { path: target, rewound: toData(result) } };
  },
});

function moment(text: string): number {
  const time = parseMoment(text, Date.now());
  if (time !== undefined) return time;
  throw new CaiError('USAGE', `"${text}" is no time.`, {
    next: 'Write 10m, 2h, 14:30 or 2026-01-31T14:00.',
  });
}

function toData({ since, dryRun, done, refused }: RewriteResult) {
  return {
    since: new Date(since).toISOString(),
    dry_run: dryRun,
    done: done.map(({ path, action, kind }) => ({ path, action, kind })),
    refused: refused.map(({ path, reason, message }) => ({ path, reason, message })),
  };
}

function render({ dryRun, done, refused }: RewriteResult): string {
  const would = dryRun ? 'would be put back' : 'put back';
  return [
    `${done.length} paths ${would}, ${refused.length} left as they are`,
    ...done.map(({ path, action }) => `${action}  ${displayPath(path)}`),
    ...refused.map(({ path, message }) => `left  ${displayPath(path)}: ${message}`),
  ].join('\n');
}

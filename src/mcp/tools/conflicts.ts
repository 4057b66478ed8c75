import * as z from 'zod';
import type { Take } from '../../control/api.ts';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import { pathText } from '../schemas.ts';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';
import { conflictShape, toConflict } from './session-shapes.ts';

const listOutput = z.object({ conflicts: z.array(conflictShape), open: z.number() });

export const listConflicts = tool({
  name: 'list_conflicts',
  title: 'List conflicts',
  description:
    'Lists the paths that both sides changed in different ways: open ones, and those that the policy settled (what gave way is in the history).',
  input: z.object({ open_only: z.boolean().optional() }),
  output: listOutput,
  effect: 'reads',
  async run({ open_only: openOnly = false }, { workspace, signal }) {
    const status = await workspace.port.call('status', {}, { signal });
    const all = status.conflicts.map(toConflict);
    const open = all.filter(({ settled }) => settled === 'open');
    const conflicts = openOnly ? open : all;
    const lines = conflicts.map(({ id, path, settled, summary }) => {
      const how = settled === 'open' ? 'OPEN' : `settled: ${settled}`;
      return `${id}  ${how}  ${displayPath(path)}: ${summary}`;
    });
    const text = lines.length === 0 ? 'no conflicts' : lines.join('\n');
    return { text, data: { conflicts, open: open.length } };
  },
});

const takes = ['local', 'container', 'newest', 'both', 'kept'] as const satisfies readonly Take[];

const resolveInput = z.object({
  conflicts: z
    .array(z.string().max(64))
    .min(1)
    .max(500)
    .optional()
    .describe('ids of list_conflicts'),
  path: pathText.optional().describe('instead: the open conflicts at this path'),
  take: z
    .enum(takes)
    .describe(
      'whose version to take; both: the other one goes beside it; kept: what stands there now is right, it only goes from the list',
    ),
});

const resolveOutput = z.object({
  resolved: z.array(
    z.object({ id: z.string(), path: z.string(), how: z.string(), displaced: z.array(z.string()) }),
  ),
  failed: z.array(
    z.object({ id: z.string(), path: z.string(), code: z.string(), message: z.string() }),
  ),
});

export const resolveConflict = tool({
  name: 'resolve_conflict',
  title: 'Settle conflicts',
  description:
    'Settles conflicts by taking one version on both sides. It works for open conflicts, and for settled ones that are to go the other way. What gives way stays in the history.',
  input: resolveInput,
  output: resolveOutput,
  effect: 'sets',
  async run({ conflicts, path, take }, call) {
    const ids = conflicts ?? (await idsAt(call, path));
    const { port } = call.workspace;
    const options = { signal: call.signal, timeoutMs: 120_000 };
    const result = await port.call(
      'resolve',
      { conflicts: ids, take, author: call.author },
      options,
    );
    const resolved = result.resolved.map(({ id, path: at, how, displaced }) => ({
      id,
      path: at,
      how,
      displaced: [...displaced],
    }));
    const failed = result.failed.map(({ id, path: at, error }) => ({
      id,
      path: at,
      code: error.code,
      message: error.message,
    }));
    const lines = [
      ...resolved.map((one) => `Settled ${displayPath(one.path)}: ${one.how}`),
      ...failed.map((one) => `${displayPath(one.path)}: ${one.message}`),
    ];
    return { text: lines.join('\n'), data: { resolved, failed }, failed: resolved.length === 0 };
  },
});

async function idsAt({ workspace, signal }: ToolCall, text: string | undefined): Promise<string[]> {
  if (text === undefined)
    throw new CaiError('USAGE', 'Say which conflicts: by their ids, or by a path.', {
      next: 'See list_conflicts.',
    });
  const path = workspace.path(text);
  const { conflicts } = await workspace.port.call('status', {}, { signal });
  const ids = conflicts.filter((one) => one.path === path).map(({ id }) => id);
  if (ids.length > 0) return ids;
  throw new CaiError('NO_CONFLICT', `There is no conflict at ${displayPath(path)}.`, {
    path,
    next: 'See list_conflicts.',
  });
}

import * as z from 'zod';
import type { SyncResult } from '../../control/api.ts';
import type { Side } from '../../tree/path.ts';
import { globText, pathText } from '../schemas.ts';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';
import {
  attention,
  conflictShape,
  holdShape,
  openOnes,
  problemShape,
  toConflict,
  toHold,
  toProblem,
} from './session-shapes.ts';

const input = z.object({
  paths: z.array(pathText).max(1000).optional().describe('only these; default everything'),
  exclude: z
    .array(globText)
    .max(100)
    .optional()
    .describe('patterns to leave out, in .gitignore syntax'),
  timeout_ms: z.number().int().min(1).max(600_000).optional().describe('default 60000'),
});

const output = z.object({
  to: z.enum(['local', 'container']),
  files: z
    .number()
    .describe('what arrived there meanwhile; 0 when live sync had brought it already'),
  bytes: z.number(),
  ms: z.number(),
  waiting: z.number().describe('local changes that still wait to be asked for'),
  problems: z.array(problemShape),
  conflicts: z.array(conflictShape).describe('the open ones'),
  holds: z.array(holdShape),
});

export const syncFromLocal = tool({
  name: 'sync_from_local',
  title: 'Sync from local to the container',
  description:
    'Brings the changes of the local directory into the container now, and answers when they are there. With live sync that happens by itself; this waits until all of it is done.',
  input,
  output,
  effect: 'sets',
  run: (args, call) => sync('container', args, call),
});

export const syncToLocal = tool({
  name: 'sync_to_local',
  title: 'Sync from the container to local',
  description:
    'Brings the changes of the container into the local directory now, and answers when they are there.',
  input,
  output,
  effect: 'sets',
  run: (args, call) => sync('local', args, call),
});

async function sync(to: Side, args: z.output<typeof input>, call: ToolCall) {
  const { workspace, signal } = call;
  const { timeout_ms: timeoutMs = 60_000, exclude } = args;
  // The workspace itself is everything.
  const paths = args.paths?.map((path) => workspace.path(path));
  const some = paths === undefined || paths.includes('') ? {} : { paths };
  const params = { to, timeoutMs, ...some, ...(exclude === undefined ? {} : { exclude }) };
  const options = { signal, timeoutMs: timeoutMs + 2000 };
  const stop = followProgress(call);
  try {
    const result = await workspace.port.call('sync', params, options);
    return { text: render(to, paths?.length ?? 1, result), data: toData(result) };
  } finally {
    stop();
  }
}

function followProgress({ workspace, progress }: ToolCall): () => void {
  return workspace.port.follow({
    onEvent(event) {
      if (event.type !== 'progress') return;
      const { phase, files, filesTotal } = event.progress;
      progress.tell(files, `${phase}: ${files} files`, filesTotal);
    },
  });
}

function toData(result: SyncResult) {
  const { to, files, bytes, ms, waiting, problems, holds } = result;
  return {
    to,
    files,
    bytes,
    ms,
    waiting,
    problems: problems.map(toProblem),
    conflicts: openOnes(result).map(toConflict),
    holds: holds.map(toHold),
  };
}

function render(to: Side, paths: number, result: SyncResult): string {
  const where =
    to === 'container' ? 'from local to Docker workspace' : 'from Docker workspace to local';
  const { files, ms, waiting } = result;
  const head = `✅ Synced ${paths} path(s) ${where} (${files} files in ${ms} ms)`;
  const more = waiting > 0 ? [`${waiting} local changes still wait to be asked for`] : [];
  return [head, ...more, ...attention(result)].join('\n');
}

/** The session's objects as tools answer with them: what a model needs of them, by the names of docs/json.md. */
import * as z from 'zod';
import type { ConflictInfo, HoldInfo, Problem } from '../../control/api.ts';
import { displayPath } from '../../tree/path.ts';

const side = z.enum(['local', 'container']);

export const problemShape = z.object({
  side: z.enum(['local', 'container', 'session']),
  path: z.string().optional(),
  code: z.string(),
  message: z.string(),
  next: z.string().optional(),
});

const conflictSide = z.object({
  kind: z.string(),
  size: z.number().optional(),
  digest: z.string().optional(),
  by: z.string().optional().describe('who made it so, where that is known'),
});

export const conflictShape = z.object({
  id: z.string(),
  path: z.string(),
  kind: z.string(),
  settled: z.enum(['open', 'local', 'container', 'merged']),
  newest: side,
  local: conflictSide,
  container: conflictSide,
  version: z.string().optional().describe('what gave way, in the history'),
  time: z.string(),
  summary: z.string(),
});

export const holdShape = z.object({
  reason: z.string(),
  side,
  files: z.number(),
  message: z.string(),
  next: z.string(),
});

const totals = z.object({
  files: z.number().describe('since the session started'),
  bytes: z.number(),
  last: z.string().optional(),
  last_hour: z.number().describe('files within the last hour'),
});

export const statusShape = z.object({
  workspace: z.string().describe('the directory in which the tools work'),
  side: side.describe('the side it is on'),
  session: z.string().optional().describe('absent: no session runs'),
  state: z.string(),
  mode: z.string().optional(),
  local: z.string().optional(),
  container: z.string().optional(),
  files: z.number().optional(),
  bytes: z.number().optional(),
  pending: z.number().optional().describe('changes that are not on both sides yet'),
  local_changes: z
    .enum(['live', 'manual'])
    .optional()
    .describe('manual: local changes go over only with sync_from_local'),
  waiting: z.number().optional().describe('manual local changes that wait for sync_from_local'),
  to_container: totals.optional(),
  to_local: totals.optional(),
  problems: z.array(problemShape),
  conflicts: z.array(conflictShape),
  holds: z.array(holdShape),
  next: z.string().optional(),
});

export function toProblem({
  side,
  path,
  code,
  message,
  next,
}: Problem): z.output<typeof problemShape> {
  return {
    side,
    code,
    message,
    ...(path === undefined ? {} : { path }),
    ...(next === undefined ? {} : { next }),
  };
}

export function toConflict(conflict: ConflictInfo): z.output<typeof conflictShape> {
  const { id, path, kind, settled, newest, time, summary, version } = conflict;
  return {
    id,
    path,
    kind,
    settled,
    newest,
    local: toSide(conflict.local),
    container: toSide(conflict.container),
    time: new Date(time).toISOString(),
    summary,
    ...(version === undefined ? {} : { version }),
  };
}

function toSide({ kind, size, digest, by }: ConflictInfo['local']): z.output<typeof conflictSide> {
  return {
    kind,
    ...(size === undefined ? {} : { size }),
    ...(digest === undefined ? {} : { digest }),
    ...(by === undefined ? {} : { by }),
  };
}

export function toHold({
  reason,
  side,
  files,
  message,
  next,
}: HoldInfo): z.output<typeof holdShape> {
  return { reason, side, files, message, next };
}

/** The open ones; those that a policy settled wait for nobody. */
export function openOnes<C extends Pick<ConflictInfo, 'settled'>>(status: {
  readonly conflicts: readonly C[];
}): C[] {
  return status.conflicts.filter(({ settled }) => settled === 'open');
}

interface Attention {
  readonly conflicts: readonly Pick<ConflictInfo, 'id' | 'path' | 'summary' | 'settled'>[];
  readonly holds: readonly Pick<HoldInfo, 'message' | 'next'>[];
  readonly problems: readonly {
    readonly path?: string | undefined;
    readonly message: string;
    readonly next?: string | undefined;
  }[];
}

/** A line each for what needs attention. */
export function attention(status: Attention): string[] {
  return [
    ...openOnes(status).map(
      ({ id, path, summary }) => `conflict ${id}: ${displayPath(path)}: ${summary}`,
    ),
    ...status.holds.map(({ message, next }) => `hold: ${message} ${next}`),
    ...status.problems.map(({ path, message, next }) => {
      const where = path === undefined ? '' : `${displayPath(path)}: `;
      return `problem: ${where}${message}${next === undefined ? '' : ` ${next}`}`;
    }),
  ];
}

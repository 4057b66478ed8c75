import * as z from 'zod';
import type { SessionStatus } from '../../control/api.ts';
import { toCaiError } from '../../errors.ts';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';
import {
  attention,
  openOnes,
  statusShape,
  toConflict,
  toHold,
  toProblem,
} from './session-shapes.ts';

export const syncStatus = tool({
  name: 'sync_status',
  title: 'Status of the sync',
  description:
    'Tells whether the workspace is synchronised between the host and the container, when changes last went each way, and everything that needs attention: open conflicts, held deletions, problems.',
  input: z.object({}),
  output: statusShape,
  effect: 'reads',
  async run(_, { workspace, signal }) {
    const data = await statusData(workspace, signal);
    return { text: render(data), data };
  },
});

export type StatusData = z.output<typeof statusShape>;

/** What the session says, or that there is none and how to start one. */
export async function statusData(
  workspace: ToolCall['workspace'],
  signal: AbortSignal,
): Promise<StatusData> {
  const here = { workspace: workspace.root, side: workspace.port.side };
  try {
    return { ...here, ...ofSession(await workspace.port.call('status', {}, { signal })) };
  } catch (thrown) {
    const { code, message, next } = toCaiError(thrown);
    if (code !== 'NO_SESSION') throw thrown;
    const nothing = { problems: [], conflicts: [], holds: [] };
    return { ...here, state: 'stopped', ...nothing, next: next ?? message };
  }
}

function ofSession(status: SessionStatus): Omit<StatusData, 'workspace' | 'side'> {
  const { name, state, mode, local, container, files, bytes, pending, totals } = status;
  return {
    session: name,
    state,
    mode,
    local,
    container,
    files,
    bytes,
    pending,
    to_container: toTotals(totals.toContainer),
    to_local: toTotals(totals.toLocal),
    problems: status.problems.map(toProblem),
    conflicts: openOnes(status).map(toConflict),
    holds: status.holds.map(toHold),
  };
}

function toTotals({ files, bytes, last }: SessionStatus['totals']['toLocal']) {
  return { files, bytes, ...(last === undefined ? {} : { last: new Date(last).toISOString() }) };
}

function render(data: StatusData): string {
  if (data.session === undefined)
    return `No session runs for ${data.workspace}; files stay on this side.${data.next === undefined ? '' : ` ${data.next}`}`;
  const attentionLines = attention({
    ...data,
    conflicts: data.conflicts as unknown as SessionStatus['conflicts'],
    holds: data.holds as unknown as SessionStatus['holds'],
    problems: data.problems as unknown as SessionStatus['problems'],
  });
  return [
    `Sync ${data.session}: ${data.state}, ${data.local} and ${data.container}`,
    `local to container: ${direction(data.to_container)}`,
    `container to local: ${direction(data.to_local)}`,
    `workspace: ${data.files} files, ${data.bytes} bytes, ${data.pending} changes pending`,
    ...attentionLines,
  ].join('\n');
}

function direction(totals: StatusData['to_local']): string {
  if (totals?.last === undefined) return 'nothing yet since the session started';
  return `${totals.files} files since the session started, last ${totals.last}`;
}

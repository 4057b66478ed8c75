import * as z from 'zod';
import type { SessionStatus } from '../../control/api.ts';
import { toCaiError } from '../../errors.ts';
import { ago, size } from '../amounts.ts';
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
  const { name, state, mode, local, container, files, bytes, pending, totals, lastHour } = status;
  return {
    session: name,
    state,
    mode,
    local,
    container,
    files,
    bytes,
    pending,
    local_changes: status.localChanges,
    waiting: status.waiting,
    to_container: toTotals(totals.toContainer, lastHour.toContainer),
    to_local: toTotals(totals.toLocal, lastHour.toLocal),
    problems: status.problems.map(toProblem),
    conflicts: openOnes(status).map(toConflict),
    holds: status.holds.map(toHold),
  };
}

function toTotals({ files, bytes, last }: SessionStatus['totals']['toLocal'], lastHour: number) {
  const time = last === undefined ? {} : { last: new Date(last).toISOString() };
  return { files, bytes, ...time, last_hour: lastHour };
}

function render(data: StatusData): string {
  if (data.session === undefined)
    return `No session runs for ${data.workspace}; files stay on this side.${data.next === undefined ? '' : ` ${data.next}`}`;
  return [
    `Sync ${data.session}: ${data.state}, ${data.local} and ${data.container}`,
    `Local → Docker: ${fromLocal(data)}`,
    `Docker → Local: ${toLocal(data)}`,
    `Workspace size: ${size(data.bytes ?? 0)} in ${data.files} files, ${data.pending} changes pending`,
    ...attention(data),
  ].join('\n');
}

function fromLocal({ to_container: totals, local_changes: when, waiting }: StatusData): string {
  const last = `last sync ${lastOf(totals)}`;
  if (when === 'manual') return `on sync_from_local, ${last}, ${waiting} changes waiting`;
  return `${last} (real-time, ${totals?.last_hour} files synced in last hour)`;
}

function toLocal({ to_local: totals }: StatusData): string {
  return `real-time (${totals?.last_hour} files synced in last hour), last ${lastOf(totals)}`;
}

function lastOf(totals: StatusData['to_local']): string {
  return totals?.last === undefined ? 'not yet' : ago(Date.now() - Date.parse(totals.last));
}

/** What `cai watch` shows on a terminal: a session at a glance, as many lines as fit. Pure. */
import type { SessionStatus } from '../control/api.ts';
import { bytes, count } from './format.ts';
import type { Colors } from './output.ts';
import { renderAllConflicts, renderHold, renderProblem } from './render-attention.ts';
import { renderTransfer } from './render-event.ts';
import { renderProgress, renderSides, renderState } from './render-status.ts';

export interface ViewOptions {
  readonly colors: Colors;
  /** Lines of the terminal. */
  readonly rows: number;
  /** The last line, what Ctrl-C does. */
  readonly hint: string;
}

const transfersShown = 8;

/** The lines of the view. What does not fit is counted, and `cai status` has it all. */
export function renderView(status: SessionStatus, { colors, rows, hint }: ViewOptions): string[] {
  const head = `${colors.bold(status.name)}  ${renderState(status.state, colors)}  ${renderSides(status)}`;
  const progress = renderProgress(status);
  const pending = status.pending > 0 ? `, ${count(status.pending, 'change')} pending` : '';
  const waiting = status.waiting > 0 ? `, ${count(status.waiting, 'local change')} waiting` : '';
  const agreed = `${count(status.files, 'file')}, ${bytes(status.bytes)}${pending}${waiting}`;
  const second = progress === '' ? agreed : progress;
  const conflicts = renderAllConflicts(status.conflicts, colors);
  const attention = [
    ...conflicts.open,
    ...status.holds.map((hold) => renderHold(hold, colors)),
    ...status.problems.map((problem) => renderProblem(problem, colors)),
    ...conflicts.settled,
  ];
  // Head, second line, hint, and the cursor's own line.
  const room = Math.max(2, rows - 4);
  const shown = atMost(attention, Math.max(1, room - 1), colors);
  const transfers = status.transfers
    .slice(0, Math.max(0, Math.min(transfersShown, room - shown.length)))
    .map((transfer) => renderTransfer(transfer, colors));
  return [head, colors.dim(second), ...shown, ...transfers, colors.dim(hint)];
}

function atMost(lines: readonly string[], room: number, colors: Colors): string[] {
  if (lines.length <= room) return [...lines];
  const hidden = lines.length - room + 1;
  return [...lines.slice(0, room - 1), colors.yellow(`and ${hidden} more: cai status`)];
}

/** A session's status as text, complete: nothing is cut short (invariant 10). Pure. */
import type { SessionState, SessionStatus, TransferEngine } from '../control/api.ts';
import { displayPath } from '../tree/path.ts';
import { bytes, count, duration, table } from './format.ts';
import type { Colors } from './output.ts';
import { renderAllConflicts, renderHold, renderProblem } from './render-attention.ts';

/** A state in its colour: green when all goes well, yellow while at it, red when it does not work. */
export function renderState(state: SessionState, colors: Colors): string {
  if (state === 'watching') return colors.green(state);
  if (state === 'disconnected' || state === 'stopped') return colors.red(state);
  return colors.yellow(state);
}

/** The two sides, as a person would draw them. */
export function renderSides(status: Pick<SessionStatus, 'local' | 'container' | 'mode'>): string {
  const way = status.mode === 'two-way' ? '⇄' : status.mode === 'to-container' ? '→' : '←';
  return `${displayPath(status.local)} ${way} ${displayPath(status.container)}`;
}

/** What is going on right now, as "120/400 files, 1.2 MB of 3.4 MB, 2.0 MB/s"; empty when nothing is. */
export function renderProgress(status: SessionStatus): string {
  const { progress } = status;
  if (progress === undefined) return '';
  const of = (done: string, total: string | undefined) =>
    total === undefined ? done : `${done} of ${total}`;
  const files = of(
    String(progress.files),
    progress.filesTotal === undefined ? undefined : String(progress.filesTotal),
  );
  const size = of(
    bytes(progress.bytes),
    progress.bytesTotal === undefined ? undefined : bytes(progress.bytesTotal),
  );
  const rate = progress.rate === undefined ? '' : `, ${bytes(progress.rate)}/s`;
  const side = progress.side === undefined ? '' : ` ${progress.side}`;
  return `${progress.phase}${side}: ${files} files, ${size}${rate}`;
}

/** All lines of a status. */
export function renderStatus(
  status: SessionStatus,
  options: { readonly colors: Colors; readonly now: number },
): string[] {
  const { colors, now } = options;
  const since = duration(Math.max(0, now - status.since));
  const early = status.ready || status.state === 'stopped' ? '' : ', not ready';
  const head = `${colors.bold(status.name)}  ${renderState(status.state, colors)} for ${since}${early}`;
  const rows = facts(status).map(([label, value]) => [`  ${label}`, value]);
  return [head, ...table(rows), ...attention(status, colors).map((line) => `  ${line}`)];
}

function facts(status: SessionStatus): (readonly [string, string])[] {
  const { totals, link } = status;
  const sum = (side: { files: number; bytes: number }) =>
    `${count(side.files, 'file')}, ${bytes(side.bytes)}`;
  const rows: (readonly [string, string])[] = [
    ['sides', renderSides(status)],
    ['mode', status.mode],
  ];
  // A process that was killed has not told its figures; zeros would look like a loss.
  if (status.state !== 'stopped' || status.files + status.directories > 0) {
    rows.push(
      [
        'agreed',
        `${count(status.files, 'file')}, ${count(status.directories, 'directory', 'directories')}, ${bytes(status.bytes)}`,
      ],
      ['carried', `→ ${sum(totals.toContainer)}   ← ${sum(totals.toLocal)}`],
    );
  }
  if (link !== undefined)
    rows.push(['link', `${displayPath(link.transport)}, round trip ${duration(link.roundTripMs)}`]);
  if (status.transferEngine !== undefined)
    rows.push(['large files', renderEngine(status.transferEngine)]);
  if (status.pid !== undefined) rows.push(['process', String(status.pid)]);
  if (status.progress !== undefined) rows.push(['progress', renderProgress(status)]);
  if (status.pending > 0) rows.push(['pending', count(status.pending, 'change')]);
  if (status.localChanges === 'manual')
    rows.push([
      'waiting',
      `${count(status.waiting, 'local change')} for \`cai flush --to container\``,
    ]);
  return rows;
}

/** What carries large contents: "rsync 3.4.1 with 3.2.7 in the container", or "plain: …" and why. */
function renderEngine(used: TransferEngine): string {
  return used.engine === 'rsync'
    ? `rsync ${used.local} with ${used.container} in the container`
    : `plain: ${displayPath(used.why)}`;
}

function attention(status: SessionStatus, colors: Colors): string[] {
  const conflicts = renderAllConflicts(status.conflicts, colors);
  return [
    ...conflicts.open,
    ...status.holds.map((hold) => renderHold(hold, colors)),
    ...status.problems.map((problem) => renderProblem(problem, colors)),
    ...conflicts.settled,
    ...status.leftovers.map(
      ({ side, path, names }) =>
        `${colors.dim('leftover')}  ${side} ${displayPath(path)}: kept for ${names.map(displayPath).join(', ')}`,
    ),
    ...status.diverged.map((path) => `${colors.dim('diverged')}  ${displayPath(path)}`),
    ...status.secrets.map(
      ({ side, path }) => `${colors.dim('secret left out')}  ${side} ${displayPath(path)}`,
    ),
  ];
}

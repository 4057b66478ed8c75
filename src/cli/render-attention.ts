/** What needs a person's attention, one line each. Pure. */
import type { ConflictInfo, HoldInfo, Problem } from '../control/api.ts';
import { displayPath } from '../tree/path.ts';
import type { Colors } from './output.ts';
import { versionsOf } from './render-conflicts.ts';

export function renderProblem(problem: Problem, colors: Colors): string {
  const where = [
    problem.side === 'session' ? '' : problem.side,
    problem.path === undefined ? '' : displayPath(problem.path),
  ];
  const place = where.filter((part) => part !== '').join(' ');
  const next = problem.next === undefined ? '' : ` ${displayPath(problem.next)}`;
  return `${colors.red('problem')}  ${place === '' ? '' : `${place}: `}${displayPath(problem.message)} (${problem.code})${next}`;
}

export function renderConflict(conflict: ConflictInfo, colors: Colors): string {
  const path = displayPath(conflict.path);
  const summary = displayPath(conflict.summary);
  if (conflict.settled === 'open')
    return `${colors.red('conflict')}  ${path}: open, ${summary} (\`cai diff\`, \`cai resolve\`)`;
  const how = conflict.settled === 'merged' ? 'merged' : `${conflict.settled} won`;
  return `${colors.dim('conflict')}  ${path}: ${how}, ${summary}${versionsOf(conflict)}`;
}

/** The open ones first: they wait for a person, the others are only to be known. */
export function renderAllConflicts(
  conflicts: readonly ConflictInfo[],
  colors: Colors,
): { readonly open: readonly string[]; readonly settled: readonly string[] } {
  const lines = (isOpen: boolean) =>
    conflicts
      .filter(({ settled }) => (settled === 'open') === isOpen)
      .map((conflict) => renderConflict(conflict, colors));
  return { open: lines(true), settled: lines(false) };
}

export function renderHold(hold: HoldInfo, colors: Colors): string {
  return `${colors.yellow('hold')}  ${displayPath(hold.message)} ${displayPath(hold.next)}`;
}

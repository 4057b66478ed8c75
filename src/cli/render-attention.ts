/** What needs a person's attention, one line each. Pure. */
import type { ConflictInfo, HoldInfo, Problem } from '../control/api.ts';
import { displayPath } from '../tree/path.ts';
import type { Colors } from './output.ts';

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
  const settled =
    conflict.settled === 'open'
      ? 'open'
      : conflict.settled === 'merged'
        ? 'merged'
        : `${conflict.settled} won`;
  const undo =
    conflict.version === undefined
      ? ''
      : `; the other version is ${conflict.version} in the history`;
  return `${colors.yellow('conflict')}  ${displayPath(conflict.path)}: ${settled}, ${displayPath(conflict.summary)}${undo}`;
}

export function renderHold(hold: HoldInfo, colors: Colors): string {
  return `${colors.yellow('hold')}  ${displayPath(hold.message)} ${displayPath(hold.next)}`;
}

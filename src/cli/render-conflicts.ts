/** Conflicts, and what became of those that were resolved, as text. Pure. */
import type { ConflictInfo, Resolved, ResolveResult } from '../control/api.ts';
import { displayPath } from '../tree/path.ts';
import { clock } from './format.ts';
import type { Colors } from './output.ts';

/** Two lines a conflict: when, where and how it stands; what the sides held. */
export function renderConflicts(conflicts: readonly ConflictInfo[], colors: Colors): string[] {
  if (conflicts.length === 0) return [colors.dim('no conflicts')];
  return conflicts.flatMap((conflict) => [
    `${colors.dim(clock(conflict.time))}  ${stateOf(conflict, colors)}  ${displayPath(conflict.path)}`,
    `    ${displayPath(conflict.summary)}${versionsOf(conflict)}`,
  ]);
}

function stateOf({ settled }: ConflictInfo, colors: Colors): string {
  if (settled === 'open') return colors.red('open');
  return colors.yellow(settled === 'merged' ? 'merged' : `${settled} won`);
}

/** "; versions 41 (local), 42 (container)". */
export function versionsOf({ versions }: ConflictInfo): string {
  const found = (['local', 'container'] as const).flatMap((side) =>
    versions[side].map((id) => `${id} (${side})`),
  );
  if (found.length === 0) return '';
  return `: ${found.length === 1 ? 'version' : 'versions'} ${found.join(', ')}`;
}

/** One line a conflict that was resolved. */
export function renderResolved(result: ResolveResult): string[] {
  return result.resolved.map((one) => {
    const displaced =
      one.displaced.length === 0 ? '' : `; what was there is version ${one.displaced.join(', ')}`;
    return `${displayPath(one.path)}: ${done(one)}${displaced}`;
  });
}

function done({ how, beside }: Resolved): string {
  if (how === 'kept') return 'kept as it is';
  if (how === 'file') return 'the file was taken';
  if (how !== 'both') return `${how} was taken`;
  return beside.length === 0
    ? 'there is only one version'
    : `the other version is ${beside.map(displayPath).join(' and ')}`;
}

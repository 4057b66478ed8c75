/**
 * Permissions that were set on a file just while sync replaced its content. They are judged apart from
 * the content (DESIGN 6.4): the new content gets them too, as the change of that side that they are.
 */
import type { Action } from '../replica/replica.ts';
import type { ModePolicy } from '../tree/entry.ts';
import { sameMode } from '../tree/entry.ts';
import type { Applied } from './absorb.ts';

/** The actions that bring such permissions back. */
export function lostModes(applied: readonly Applied[], modes: ModePolicy): Action[] {
  return applied.flatMap(({ action, outcome: { result, now, kept } }): Action[] => {
    if (result !== 'done' || action.type !== 'write' || now?.kind !== 'file') return [];
    const { path, expect } = action;
    const had = kept?.entry;
    if (expect?.kind !== 'file' || had?.kind !== 'file') return [];
    if (sameMode(had, expect, modes) || sameMode(had, now, modes)) return [];
    const { executable, mode } = had;
    return [{ type: 'attributes', path, expect: now, entry: { ...now, executable, mode } }];
  });
}

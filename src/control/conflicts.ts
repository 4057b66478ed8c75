/** The conflicts of a session, running or not, and which of them a person means. */
import { CaiError, toCaiError } from '../errors.ts';
import { compileIgnore } from '../tree/gitignore.ts';
import type { Path } from '../tree/path.ts';
import { displayPath, isWithin } from '../tree/path.ts';
import { names } from '../tree/policies.ts';
import type { ConflictInfo, SessionRecord } from './api.ts';
import { callSession } from './client.ts';
import { openSessionStore } from './session-store.ts';

/** All that are listed, oldest first. */
export async function conflictsOf(record: SessionRecord): Promise<readonly ConflictInfo[]> {
  try {
    return (await callSession(record, 'status', {})).conflicts;
  } catch (error) {
    if (toCaiError(error).code !== 'NO_SESSION') throw error;
    return storedConflicts(record);
  }
}

function storedConflicts(record: SessionRecord): readonly ConflictInfo[] {
  const store = openSessionStore(record, true);
  try {
    return store.conflicts().map(({ id, data }) => ({ ...(data as unknown as ConflictInfo), id }));
  } finally {
    store.close();
  }
}

/** A path with all below it, or patterns in .gitignore syntax. */
export type Chosen = { readonly path: Path } | { readonly pattern: string };

/** The conflicts that are meant; throws NO_CONFLICT for a path or pattern that names none. */
export function chooseConflicts(
  conflicts: readonly ConflictInfo[],
  chosen: readonly Chosen[],
): readonly ConflictInfo[] {
  const found = new Set<ConflictInfo>();
  for (const one of chosen) {
    const matches = conflicts.filter((conflict) => matcher(one)(conflict.path));
    if (matches.length === 0) {
      const what = 'path' in one ? displayPath(one.path) : one.pattern;
      throw new CaiError('NO_CONFLICT', `There is no conflict at ${what}.`, {
        path: what,
        next: 'See `cai conflicts` for all.',
      });
    }
    for (const conflict of matches) found.add(conflict);
  }
  return conflicts.filter((conflict) => found.has(conflict));
}

function matcher(one: Chosen): (path: Path) => boolean {
  if ('path' in one) return (path) => isWithin(one.path, path);
  const list = compileIgnore(one.pattern);
  return (path) => names(list, path);
}

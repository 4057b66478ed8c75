/** `ID` or `NAME#ID`: which version of which session. */
import type { SessionRecord } from '../control/api.ts';
import { findSession } from '../control/find.ts';
import { CaiError } from '../errors.ts';

export interface VersionAddress {
  readonly record: SessionRecord;
  readonly id: string;
}

/** Finds the session of a version; ids are unique within a session only. */
export function findVersion(text: string, name: string | undefined): VersionAddress {
  const hash = text.lastIndexOf('#');
  const named = hash < 0 ? undefined : text.slice(0, hash);
  if (named !== undefined && name !== undefined && named !== name) {
    throw new CaiError('USAGE', `${text} and --name ${name} name two sessions.`, {
      next: 'Give one of them.',
    });
  }
  return { record: findSession({ name: named ?? name, ended: true }), id: text.slice(hash + 1) };
}

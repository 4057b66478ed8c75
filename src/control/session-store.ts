/** Opens the store of a session by its record. */
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { SessionRecord } from './api.ts';
import { makeSessionDirectory } from './state-dir.ts';

/** For writing BUSY means that another process has it; for reading NO_SESSION that nothing is there. */
export function openSessionStore(record: SessionRecord, readOnly = false): Store {
  const { maxAgeMs, maxBytes } = record.options.history;
  const { mergeBudget: textBudget } = record.options;
  const directory = makeSessionDirectory(record.id);
  return openStore({ directory, limits: { maxAge: maxAgeMs, maxBytes }, textBudget, readOnly });
}

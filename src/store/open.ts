/** Opens a store: for writing by the one process that runs the session, or for reading beside it. */
import { makePrivateDirectory, storeFiles } from './files.ts';
import { takeLock } from './lock.ts';
import { openReader } from './reader.ts';
import type { HistoryLimits, Store } from './store.ts';
import { openWriter } from './writer.ts';

const defaultTextBudget = 256 * 1024 * 1024;

export interface OpenOptions {
  readonly directory: string;
  readonly limits: HistoryLimits;
  /** Bytes of base texts that may be kept; 256 MiB when left out. */
  readonly textBudget?: number;
  /** The clock; Date.now when left out. */
  readonly now?: () => number;
  /** For reading beside the session's process, or without one: no lock, no repair, no writing. */
  readonly readOnly?: boolean;
}

/**
 * Opens the store in `directory`. For writing it is made when it is not there, damage is moved aside
 * (see `condition`), and BUSY means that another process has it. For reading, NO_SESSION means that
 * there is none, STATE that it is damaged.
 */
export function openStore({
  directory,
  limits,
  textBudget = defaultTextBudget,
  now = Date.now,
  readOnly = false,
}: OpenOptions): Store {
  if (readOnly) return openReader(directory);
  const files = storeFiles(directory);
  makePrivateDirectory(directory);
  const lock = takeLock(files.lock);
  try {
    return openWriter(files, { limits, textBudget, now, lock });
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

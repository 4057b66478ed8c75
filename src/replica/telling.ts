/** Gathers what looks find different and hands it on, as few events as memory allows. */
import type { Path } from '../tree/path.ts';
import type { Observation } from './replica.ts';
import type { Teller } from './view.ts';

/** Beyond these an event goes out although more is to come. */
const maxRows = 4_000;
const maxBytes = 4 * 1024 * 1024;

export interface ChangeTeller extends Teller {
  /** Something came to a path where nothing was known. */
  readonly created: () => boolean;
  noteCreated(): void;
  /** Hands on what is left: what is there first, so that moves find their content, then what is gone. */
  finish(): void;
}

export function tellChanges(emit: (changes: readonly Observation[]) => void): ChangeTeller {
  const rows = new Map<Path, Observation>();
  const gone = new Set<Path>();
  let bytes = 0;
  let created = false;
  const flush = (): void => {
    if (rows.size > 0) emit([...rows.values()]);
    rows.clear();
    bytes = 0;
  };
  return {
    all: false,
    created: () => created,
    noteCreated: () => {
      created = true;
    },
    tell: (path, look, content) => {
      gone.delete(path);
      rows.delete(path);
      rows.set(path, content === undefined ? { path, look } : { path, look, bytes: content });
      bytes += content?.length ?? 0;
      if (rows.size >= maxRows || bytes >= maxBytes) flush();
    },
    gone: (path) => {
      rows.delete(path);
      gone.add(path);
    },
    finish: () => {
      for (const path of gone) {
        rows.set(path, { path, look: null });
        if (rows.size >= maxRows) flush();
      }
      gone.clear();
      flush();
    },
  };
}

/** A store open for writing: one transaction a commit, with the contents that it names durable before. */
import { writeArrivals } from './arrivals.ts';
import { writeBase } from './base.ts';
import { deleteConflict, writeConflict } from './conflicts.ts';
import { openContents } from './contents.ts';
import { writeEvents } from './events.ts';
import type { StoreFiles } from './files.ts';
import { findGarbage } from './garbage.ts';
import { writeVersions } from './history.ts';
import { openKeeper } from './keeper.ts';
import type { Lock } from './lock.ts';
import { pruneRows, removeContents } from './prune.ts';
import { queries } from './queries.ts';
import type { Commit, HistoryLimits, Store, Version } from './store.ts';
import { openTexts } from './texts.ts';
import { writeValue } from './values.ts';

const sweepEvery = 3_600_000;

export interface WriterOptions {
  readonly limits: HistoryLimits;
  readonly textBudget: number;
  readonly now: () => number;
  /** Held already; let go when the store is closed. */
  readonly lock: Lock;
}

export function openWriter(
  files: StoreFiles,
  { limits, textBudget, now, lock }: WriterOptions,
): Store {
  // After a loss the session's tree is more than what is stored. Storing only its changes would make
  // a base full of holes; so none is stored until the session has begun a new one with clearBase.
  let baseLost = false;
  const onLoss = (): void => {
    bytes = 0;
    baseLost = true;
  };
  const keeper = openKeeper(files, { now, onLoss });
  const { guard } = keeper;
  // Of all contents that are kept, each counted once; kept up to date rather than computed.
  let bytes = keeper.keptBytes;
  let swept = Number.NEGATIVE_INFINITY;
  const contents = openContents(files.objects, { readOnly: false, now });

  const texts = openTexts({ directory: files.texts, budget: textBudget, readOnly: false });

  function commit({ base, versions, events, arrivals = [] }: Commit): readonly Version[] {
    const digests = versions.flatMap(({ entry }) => (entry.kind === 'file' ? entry.digest : []));
    contents.sync(digests);
    // What a version displaced is let go after this: the row must not be lost with the power.
    const durable = digests.length > 0;
    const added = guard((connection) =>
      connection.transaction(
        () => {
          if (!baseLost) writeBase(connection, base);
          writeEvents(connection, events);
          writeArrivals(connection, arrivals);
          return writeVersions(connection, versions, contents);
        },
        { durable },
      ),
    );
    contents.named(digests);
    bytes += added.bytes;
    if (bytes > limits.maxBytes) pruneIfPossible();
    return added.written;
  }

  /** After a commit: that is done, whatever becomes of this, and who is told that it failed would do it again. */
  function pruneIfPossible(): void {
    try {
      prune(now());
    } catch {
      // The next one tries again, and whoever asks for it is told.
    }
  }

  function prune(time: number, room = 0): { readonly versions: number; readonly bytes: number } {
    const pruned = guard((connection) => pruneRows({ connection, limits, bytes, room, now: time }));
    bytes = pruned.bytes;
    return {
      versions: pruned.versions,
      bytes: removeContents(contents, pruned.contents) + sweep(time),
    };
  }

  function sweep(time: number): number {
    if (time - swept < sweepEvery) return 0;
    swept = time;
    const input = { objects: files.objects, maxAge: limits.maxAge, now: time };
    return removeContents(
      contents,
      guard((connection) => findGarbage({ connection, ...input })),
    );
  }

  let open = true;
  return {
    directory: files.directory,
    get condition() {
      return keeper.condition;
    },
    ...queries(guard, contents),
    contents,
    texts,
    commit,
    clearBase: () => {
      guard((connection) => connection.transaction(() => connection.exec('DELETE FROM base')));
      baseLost = false;
    },
    setValue: (key, value) => guard((connection) => writeValue(connection, key, value)),
    putConflict: (conflict) => guard((connection) => writeConflict(connection, conflict)),
    removeConflict: (id) => guard((connection) => deleteConflict(connection, id)),
    prune,
    close: () => {
      if (!open) return;
      open = false;
      texts.close();
      keeper.close();
      lock.release();
    },
  };
}

/**
 * Opens a store: for writing by the one process that runs the session, or for reading beside it.
 * Damage that shows itself while the store is in use is dealt with like damage at the start.
 */
import { existsSync } from 'node:fs';
import { CaiError } from '../errors.ts';
import { readBasePage, writeBase } from './base.ts';
import { type Connection, connect, Damage } from './connection.ts';
import { type ContentStore, openContents } from './contents.ts';
import { readEvents, writeEvents } from './events.ts';
import { makePrivateDirectory, type StoreFiles, storeFiles } from './files.ts';
import { findGarbage, garbageAge } from './garbage.ts';
import { readHistory, readVersion, writeVersions } from './history.ts';
import { takeLock } from './lock.ts';
import { pruneRows, removeContents } from './prune.ts';
import { checkSchema } from './schema.ts';
import { closeState, openState, type State, startAnew } from './state.ts';
import type { Commit, HistoryLimits, Store, Version } from './store.ts';
import { readValue, writeValue } from './values.ts';

export interface OpenOptions {
  readonly directory: string;
  readonly limits: HistoryLimits;
  /** The clock; Date.now when left out. */
  readonly now?: () => number;
  /** For reading beside the session's process, or without one: no lock, no repair, no writing. */
  readonly readOnly?: boolean;
}

/**
 * Opens the store in `directory`. For writing it is made when it is not there, and BUSY means that
 * another process has it; for reading, NO_SESSION means that there is none, STATE that it is damaged.
 */
export function openStore(options: OpenOptions): Store {
  return options.readOnly === true ? openReader(options) : openWriter(options);
}

/** Runs work on the database; the store's two kinds differ in what they do about damage. */
type Guard = <T>(work: (connection: Connection) => T) => T;

function openReader({ directory, now = Date.now }: OpenOptions): Store {
  const files = storeFiles(directory);
  const connection = readable(files, () => {
    const opened = connect(files.database, { readOnly: true });
    if (checkSchema(opened, { thorough: 'never' }) === 'good') return opened;
    opened.close();
    throw noStore(directory);
  });
  const contents = openContents(files.objects, { readOnly: true, now });
  const refuse = (): never => {
    throw new CaiError('INTERNAL', 'This store is open for reading only.', { path: directory });
  };
  return {
    directory,
    condition: { state: 'good' },
    ...reading((work) => readable(files, () => work(connection)), contents),
    contents: { ...contents, putBytes: refuse, putStream: refuse, putFile: refuse },
    commit: refuse,
    clearBase: refuse,
    setValue: refuse,
    prune: refuse,
    close: once(() => connection.close()),
  };
}

function openWriter({ directory, limits, now = Date.now }: OpenOptions): Store {
  const files = storeFiles(directory);
  makePrivateDirectory(directory);
  const lock = takeLock(files.lock);
  try {
    return writer(files, limits, now, () => lock.release());
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

function writer(
  files: StoreFiles,
  limits: HistoryLimits,
  now: () => number,
  release: () => void,
): Store {
  let state: State = openState(files, now());
  const contents = openContents(files.objects, { readOnly: false, now });
  let bytes = keptBytes(state.connection);
  let swept = Number.NEGATIVE_INFINITY;
  // After damage the session's tree is more than what is stored. Storing only its changes would make
  // a base full of holes; so none is stored until the session has begun a new one with clearBase.
  let baseLost = false;

  const guard: Guard = (work) => {
    try {
      return work(state.connection);
    } catch (thrown) {
      if (!(thrown instanceof Damage)) throw thrown;
      state.connection.close();
      state = startAnew(files, thrown.message, now());
      bytes = 0;
      baseLost = true;
      return work(state.connection);
    }
  };
  const commit = ({ base, versions, events }: Commit): readonly Version[] => {
    const digests = versions.flatMap(({ entry }) => (entry.kind === 'file' ? [entry.digest] : []));
    contents.sync(digests);
    return guard((connection) => {
      const added = connection.transaction(
        () => {
          if (!baseLost) writeBase(connection, base);
          writeEvents(connection, events);
          return writeVersions(connection, versions, contents);
        },
        // What a version displaced is let go after this: the row must not be lost with the power.
        { durable: digests.length > 0 },
      );
      bytes += added.bytes;
      return added.written;
    });
  };
  const prune: Store['prune'] = (time) => {
    const pruned = guard((connection) => pruneRows({ connection, limits, bytes, now: time }));
    bytes = pruned.bytes;
    let freed = removeContents(contents, pruned.contents.keys());
    if (time - swept >= garbageAge) {
      swept = time;
      const { maxAge } = limits;
      const garbage = guard((connection) =>
        findGarbage({ connection, objects: files.objects, maxAge, now: time }),
      );
      for (const digest of garbage) freed += contents.remove(digest);
    }
    return { versions: pruned.versions, bytes: freed };
  };
  return {
    directory: files.directory,
    get condition() {
      return state.condition;
    },
    ...reading(guard, contents),
    contents,
    commit,
    clearBase: () => {
      guard((connection) => connection.transaction(() => connection.exec('DELETE FROM base')));
      baseLost = false;
    },
    setValue: (key, value) => guard((connection) => writeValue(connection, key, value)),
    prune,
    close: once(() => {
      closeState(state.connection);
      release();
    }),
  };
}

type Reading = Pick<Store, 'loadBase' | 'getValue' | 'history' | 'version' | 'events'>;

function reading(guard: Guard, contents: ContentStore): Reading {
  return {
    *loadBase() {
      // A NUL comes before every path.
      let after: Uint8Array | undefined = new Uint8Array(1);
      while (after !== undefined) {
        const from: Uint8Array = after;
        const page = guard((connection) => readBasePage(connection, from));
        yield* page.rows;
        after = page.next;
      }
    },
    getValue: (key) => guard((connection) => readValue(connection, key)),
    history: (filter = {}) => guard((connection) => readHistory(connection, filter, contents)),
    version: (id) => guard((connection) => readVersion(connection, id, contents)),
    events: (filter = {}) => guard((connection) => readEvents(connection, filter)),
  };
}

/** The sum over distinct contents; from here on it is kept up to date, not computed. */
function keptBytes(connection: Connection): number {
  return Number(connection.get('SELECT coalesce(sum(size), 0) AS bytes FROM content')?.bytes);
}

function readable<T>(files: StoreFiles, work: () => T): T {
  if (!existsSync(files.database)) throw noStore(files.directory);
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof Damage)) throw thrown;
    throw new CaiError('STATE', `The session’s database is damaged: ${thrown.message}.`, {
      cause: thrown,
      path: files.database,
      next: 'Start the session: it moves the damaged database aside and goes on with a new one.',
    });
  }
}

function noStore(directory: string): CaiError {
  return new CaiError('NO_SESSION', 'Nothing is stored of this session.', {
    path: directory,
    next: 'Start it with cai watch.',
  });
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

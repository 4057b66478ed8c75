/** A store open for reading only, beside the session's process or without one. It repairs nothing. */
import { CaiError } from '../errors.ts';
import { type Connection, connect, Damage } from './connection.ts';
import { openContents } from './contents.ts';
import { findDatabase, storeFiles } from './files.ts';
import { queries } from './queries.ts';
import { checkSchema } from './schema.ts';
import type { Store } from './store.ts';
import { openTexts } from './texts.ts';

/** Fails with NO_SESSION when there is no store, with STATE when its database is damaged. */
export function openReader(directory: string): Store {
  const files = storeFiles(directory);
  const database = findDatabase(directory);
  if (database === undefined) throw noStore(directory);
  const connection = readable(database, () => connectReader(directory, database));
  const contents = openContents(files.objects, { readOnly: true, now: Date.now });
  const refuse = (): never => {
    throw new CaiError('INTERNAL', 'This store is open for reading only.', { path: directory });
  };
  const texts = openTexts({ directory: files.texts, budget: Infinity, readOnly: true });
  let open = true;
  return {
    directory,
    condition: { state: 'good' },
    ...queries((work) => readable(database, () => work(connection)), contents),
    contents: {
      has: (digest) => contents.has(digest),
      file: (digest) => contents.file(digest),
      read: (digest) => contents.read(digest),
      putBytes: refuse,
      putStream: refuse,
      putFile: refuse,
      putMade: refuse,
      makeDurable: refuse,
    },
    texts,
    commit: refuse,
    clearBase: refuse,
    setValue: refuse,
    putConflict: refuse,
    removeConflict: refuse,
    prune: refuse,
    close: () => {
      if (!open) return;
      texts.close();
      connection.close();
      open = false;
    },
  };
}

function connectReader(directory: string, database: string): Connection {
  const connection = connect(database, { readOnly: true });
  try {
    if (checkSchema(connection, { thorough: 'never' }) === 'empty') throw noStore(directory);
    return connection;
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

function readable<T>(database: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof Damage)) throw thrown;
    throw new CaiError('STATE', `The session’s database is damaged: ${thrown.message}.`, {
      cause: thrown,
      path: database,
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

/** A store open for reading only, beside the session's process or without one. It repairs nothing. */
import { existsSync } from 'node:fs';
import { CaiError } from '../errors.ts';
import { type Connection, connect, Damage } from './connection.ts';
import { openContents } from './contents.ts';
import { type StoreFiles, storeFiles } from './files.ts';
import { queries } from './queries.ts';
import { checkSchema } from './schema.ts';
import type { Store } from './store.ts';

/** Fails with NO_SESSION when there is no store, with STATE when its database is damaged. */
export function openReader(directory: string): Store {
  const files = storeFiles(directory);
  if (!existsSync(files.database)) throw noStore(files);
  const connection = readable(files, () => connectReader(files));
  const contents = openContents(files.objects, { readOnly: true, now: Date.now });
  const refuse = (): never => {
    throw new CaiError('INTERNAL', 'This store is open for reading only.', { path: directory });
  };
  let open = true;
  return {
    directory,
    condition: { state: 'good' },
    ...queries((work) => readable(files, () => work(connection)), contents),
    contents: {
      has: contents.has,
      file: contents.file,
      read: contents.read,
      putBytes: refuse,
      putStream: refuse,
      putFile: refuse,
    },
    commit: refuse,
    clearBase: refuse,
    setValue: refuse,
    prune: refuse,
    close: () => {
      if (open) connection.close();
      open = false;
    },
  };
}

function connectReader(files: StoreFiles): Connection {
  const connection = connect(files.database, { readOnly: true });
  try {
    if (checkSchema(connection, { thorough: 'never' }) === 'empty') throw noStore(files);
    return connection;
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

function readable<T>(files: StoreFiles, work: () => T): T {
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

function noStore(files: StoreFiles): CaiError {
  return new CaiError('NO_SESSION', 'Nothing is stored of this session.', {
    path: files.directory,
    next: 'Start it with cai watch.',
  });
}

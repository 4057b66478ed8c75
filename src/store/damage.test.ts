import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { CaiError } from '../errors.ts';
import { openStore } from './open.ts';
import { openDatabase } from './sqlite.ts';
import { commitBase, day, directory, file, keep, limits, testStore } from './store.fixture.ts';
import type { BaseChange, Store, StoreCondition } from './store.ts';

const rows = Array.from({ length: 600 }, (_, n): BaseChange => [`file ${n}`, file(`${n}`)]);

function fill(store: Store): void {
  commitBase(store, ['d', directory], ...rows);
  keep(store, 'a', 'kept content');
  store.commit({ base: [], versions: [], events: [{ time: 1, type: 'notice', data: { n: 1 } }] });
  const arrival = { path: 'a', time: 1, batch: 1, before: null, after: file('1') };
  store.commit({ base: [], versions: [], events: [], arrivals: [{ ...arrival, side: 'local' }] });
  store.setValue('key', 'value');
}

/**
 * The database of a store with something of everything: closed, or as a crash leaves it. It is a copy
 * that this process never had open, so that nothing SQLite knows of an open file counts; and a process
 * of its own makes it, because closing a file here would let go SQLite's locks on it.
 */
function filled(how: 'closed' | 'crashed' = 'closed'): string {
  const store = testStore();
  fill(store);
  if (how === 'closed') store.close();
  const at = join(temporaryDirectory(), 'session');
  execFileSync('cp', ['-r', store.directory, at]);
  return join(at, 'state.db');
}

function reopen(database: string): Store {
  return testStore({ directory: join(database, '..') });
}

/** Uses everything; nothing of it may throw, whatever the damage. */
function exercise(store: Store): void {
  for (const _ of store.loadBase());
  store.history({ path: 'a' }).map(({ id }) => store.version(id));
  store.history();
  store.arrivals();
  store.getValue('key');
  store.events();
  store.commit({
    base: [...rows.slice(0, 50), ['d', null]],
    versions: [],
    events: [{ time: 2, type: 'notice', data: {} }],
  });
  keep(store, 'b', 'later content');
  store.setValue('key', 1);
  store.prune(Date.now());
  store.clearBase();
  commitBase(store, ...rows);
}

function movedTo(condition: StoreCondition): string {
  if (condition.state !== 'damaged') throw new Error(`not damaged but ${condition.state}`);
  return condition.movedTo;
}

const spoilers: Record<string, (database: string) => void> = {
  'cut short': (database) => truncateSync(database, 10_000),
  'cut to nothing': (database) => truncateSync(database, 0),
  'not a database': (database) => writeFileSync(database, 'x'.repeat(50_000)),
  missing: (database) => rmSync(database),
  'of a newer version': (database) => {
    const newer = openDatabase(database);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
  },
  'with other tables': (database) => {
    const other = openDatabase(database);
    other.exec('DROP TABLE value; CREATE TABLE value (x)');
    other.close();
  },
  ...Object.fromEntries(
    ['version', 'arrival'].map((table) => [
      `with a row of ${table} that has no path`,
      (database: string) => withoutPath(database, table),
    ]),
  ),
};

/** As bytes that changed can leave it. */
function withoutPath(database: string, table: string): void {
  const other = openDatabase(database);
  const [row] = other.prepare(`SELECT * FROM ${table} LIMIT 1`).all();
  const columns = Object.keys(row ?? {});
  other.exec(`ALTER TABLE ${table} RENAME TO before; CREATE TABLE ${table} (${columns.join()})`);
  other.exec(`INSERT INTO ${table} SELECT * FROM before; DROP TABLE before`);
  other.exec(`UPDATE ${table} SET path = NULL`);
  other.close();
}

for (const [name, spoil] of Object.entries(spoilers)) {
  test(`a database that is ${name} is moved aside, and the store goes on as a new one`, () => {
    const database = filled();
    spoil(database);
    const bytes = existsSync(database) ? readFileSync(database) : undefined;
    let store = reopen(database);
    exercise(store);
    const aside = movedTo(store.condition);
    expect(readdirSync(aside)).toContain('reason.txt');
    // What is in the tables is found only in use, after a first write. (Not toEqual: it would show every byte.)
    if (bytes !== undefined && !name.startsWith('with '))
      expect(bytes.equals(readFileSync(join(aside, 'state.db')))).toBe(true);
    expect(store.contents.has(file('kept content').digest)).toBe(true);
    expect(store.getValue('key')).toBe(1);
    store.close();
    store = reopen(database);
    expect(store.condition).toEqual({ state: 'good' });
    expect([...store.loadBase()]).toHaveLength(rows.length);
  });
}

const flips = fc.array(
  fc.record({
    // Many of them in the first page, which holds the header and the tables' definitions.
    at: fc.oneof(fc.nat(4095), fc.nat(1_000_000)),
    xor: fc.oneof(fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128), fc.integer({ min: 1, max: 255 })),
  }),
  { minLength: 1, maxLength: 4 },
);

for (const how of ['closed', 'crashed'] as const) {
  test(`any changed bytes in a ${how} database: nothing throws, nothing is deleted`, () => {
    const pristine = join(filled(how), '..');
    const root = temporaryDirectory();
    let run = 0;
    let found = 0;
    fc.assert(
      fc.property(
        flips,
        fc.constantFrom('state.db', 'state.db-wal', 'state.db-shm'),
        (flips, name) => {
          run += 1;
          const at = join(root, `${run}`);
          cpSync(pristine, at, { recursive: true });
          const spoiled = existsSync(join(at, name)) ? join(at, name) : join(at, 'state.db');
          const bytes = readFileSync(spoiled);
          for (const { at, xor } of flips) {
            const offset = at % bytes.length;
            bytes[offset] = (bytes[offset] ?? 0) ^ xor;
          }
          writeFileSync(spoiled, bytes);
          const store = openStore({ directory: at, limits });
          exercise(store);
          if (store.condition.state === 'damaged') {
            found += 1;
            expect(readdirSync(store.condition.movedTo)).toContain('state.db');
          }
          store.close();
          rmSync(at, { recursive: true });
        },
      ),
      {
        numRuns: 25,
        examples: [
          // The first page, so that there is damage to be found in every run of the test.
          [[{ at: 0, xor: 255 }], 'state.db'],
          // A row of the base whose path comes out as nothing at all.
          [[{ at: 769_865, xor: 128 }], 'state.db'],
        ],
      },
    );
    expect(found).toBeGreaterThan(0);
  });
}

/** From another process: closing the file in this one would let go SQLite's locks on it. */
function damage(database: string): void {
  const script = `
    const fs = require('node:fs');
    const file = fs.openSync(process.argv[1], 'r+');
    fs.writeSync(file, Buffer.alloc(fs.fstatSync(file).size - 8192, 0x5a), 0, undefined, 8192);`;
  execFileSync(process.execPath, ['-e', script, database]);
}

test('damage that shows itself while the store is open: the base begins anew with clearBase', () => {
  const database = filled();
  const store = reopen(database);
  expect(store.condition).toEqual({ state: 'good' });
  damage(database);
  expect([...store.loadBase()]).toEqual([]);
  movedTo(store.condition);
  commitBase(store, ['hole', file('x')]);
  expect([...store.loadBase()]).toEqual([]);
  const id = keep(store, 'a', 'displaced just now');
  expect(Number(id)).toBeGreaterThan(1000);
  store.clearBase();
  commitBase(store, ...rows);
  store.close();
  const again = reopen(database);
  expect(again.condition).toEqual({ state: 'good' });
  expect([...again.loadBase()]).toHaveLength(rows.length);
  expect(again.version(id)?.kept).toBe(true);
});

test('damage that shows itself while no new database can be made: one is when it can', () => {
  const database = filled();
  const store = reopen(database);
  damage(database);
  renameSync(store.directory, `${store.directory}-away`);
  writeFileSync(store.directory, 'no directory');
  for (let n = 0; n < 2; n += 1)
    expect(thrownBy(() => [...store.loadBase()])).toMatchObject({ name: 'CaiError' });
  rmSync(store.directory);
  renameSync(`${store.directory}-away`, store.directory);
  exercise(store);
  expect(readdirSync(movedTo(store.condition))).toContain('state.db');
});

test('contents of a lost history stay as long as versions would', () => {
  const database = filled();
  rmSync(database);
  const store = reopen(database);
  const { digest } = file('kept content');
  store.prune(Date.now() + 13 * day);
  expect(store.contents.has(digest)).toBe(true);
  store.prune(Date.now() + 15 * day);
  expect(store.contents.has(digest)).toBe(false);
});

test('a reader says that the database is damaged, and leaves it as it is', () => {
  const database = filled();
  writeFileSync(database, 'x'.repeat(50_000));
  const error = thrownBy(() => testStore({ directory: join(database, '..'), readOnly: true }));
  expect(error).toMatchObject({ code: 'STATE', path: database });
  expect(readFileSync(database, 'utf8')).toBe('x'.repeat(50_000));
});

function thrownBy(work: () => unknown): CaiError {
  try {
    work();
  } catch (thrown) {
    return thrown as CaiError;
  }
  throw new Error('nothing was thrown');
}

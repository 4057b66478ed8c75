import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from './open.ts';
import { openDatabase } from './sqlite.ts';
import { commitBase, directory, limits, testStore } from './store.fixture.ts';

test('conflicts stay until they are removed, in their order, through a restart and for readers', () => {
  const store = testStore();
  const a = store.putConflict({ time: 1, data: { path: 'a' } });
  const b = store.putConflict({ time: 2, data: { path: 'b\udcff' } });
  expect(store.putConflict({ id: a, time: 1, data: { path: 'a', settled: 'local' } })).toBe(a);
  const expected = [
    { id: a, time: 1, data: { path: 'a', settled: 'local' } },
    { id: b, time: 2, data: { path: 'b\udcff' } },
  ];
  expect(store.conflicts()).toEqual(expected);
  const reader = openStore({ directory: store.directory, limits, readOnly: true });
  expect(reader.conflicts()).toEqual(expected);
  expect(() => reader.removeConflict(a)).toThrow('reading only');
  reader.close();
  store.removeConflict(b);
  store.close();
  const again = testStore({ directory: store.directory });
  expect(again.conflicts()).toEqual(expected.slice(0, 1));
  // An id is not used twice: what a person was told of is not something else later.
  expect(Number(again.putConflict({ time: 3, data: {} }))).toBeGreaterThan(Number(b));
});

test('a store of the first version gets the table, and keeps what it has', () => {
  const store = testStore();
  commitBase(store, ['d', directory]);
  store.close();
  const database = openDatabase(join(store.directory, 'state.db'));
  const first = ['base', 'version', 'content', 'event', 'value', 'meta', 'sqlite_sequence'];
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of tables as { name: string }[])
    if (!first.includes(name)) database.exec(`DROP TABLE ${name}`);
  database.exec('PRAGMA user_version = 1;');
  database.close();
  const again = testStore({ directory: store.directory });
  expect(again.condition).toEqual({ state: 'good' });
  expect([...again.loadBase()]).toEqual([['d', directory]]);
  again.putConflict({ time: 1, data: {} });
  expect(again.conflicts()).toHaveLength(1);
});

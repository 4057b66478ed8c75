import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { openStore } from './open.ts';
import { commitBase, directory, file, keep, limits, testStore, version } from './store.fixture.ts';

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return (thrown as { code?: string }).code;
  }
}

test('a store is new once and good after that', () => {
  const first = testStore();
  expect(first.condition).toEqual({ state: 'new' });
  first.close();
  first.close();
  expect(testStore({ directory: first.directory }).condition).toEqual({ state: 'good' });
});

test('other files of the session beside it do not matter', () => {
  const at = temporaryDirectory();
  writeFileSync(join(at, 'session.json'), '{}');
  expect(testStore({ directory: at }).condition).toEqual({ state: 'new' });
});

test('nobody but the owner can read anything of it', () => {
  const at = temporaryDirectory();
  mkdirSync(join(at, 'session'), { mode: 0o755 });
  const store = testStore({ directory: join(at, 'session') });
  keep(store, 'a', 'secret');
  const modes = readdirSync(store.directory, { recursive: true, withFileTypes: true }).map(
    (entry) =>
      [entry.isDirectory(), statSync(join(entry.parentPath, entry.name)).mode & 0o777] as const,
  );
  expect(modes.length).toBeGreaterThan(5);
  for (const [isDirectory, mode] of modes) expect(mode).toBe(isDirectory ? 0o700 : 0o600);
  expect(statSync(store.directory).mode & 0o777).toBe(0o700);
});

test('one writer at a time', () => {
  const store = testStore();
  const again = () => openStore({ directory: store.directory, limits });
  expect(codeOf(again)).toBe('BUSY');
  store.close();
  again().close();
});

test('a reader sees what the writer commits, as it does', () => {
  const writer = testStore();
  commitBase(writer, ['d', directory]);
  const reader = testStore({ directory: writer.directory, readOnly: true });
  expect([...reader.loadBase()]).toEqual([['d', directory]]);
  const id = keep(writer, 'd/a', 'text');
  writer.setValue('key', [1]);
  expect(reader.version(id)).toEqual(writer.version(id));
  expect(reader.history({ path: 'd' })).toHaveLength(1);
  expect(reader.getValue('key')).toEqual([1]);
  expect(reader.contents.read(file('text').digest)).toBeDefined();
  writer.close();
  expect(reader.history()).toHaveLength(1);
  reader.close();
  const alone = testStore({ directory: writer.directory, readOnly: true });
  expect(alone.history()).toHaveLength(1);
});

test('a reader writes nothing', () => {
  const writer = testStore();
  const id = keep(writer, 'a', 'text');
  const reader = testStore({ directory: writer.directory, readOnly: true });
  const commit = { base: [], versions: [version('a', 'x')], events: [] };
  for (const work of [
    () => reader.commit(commit),
    () => reader.clearBase(),
    () => reader.setValue('a', 1),
    () => reader.prune(Date.now()),
    () => reader.contents.putBytes(Buffer.from('x')),
  ]) {
    expect(codeOf(work)).toBe('INTERNAL');
  }
  const content = reader.contents.file(file('text').digest) as string;
  writeFileSync(content, 'damaged');
  expect(reader.contents.read(file('text').digest)).toBeUndefined();
  expect(reader.version(id)?.kept).toBe(true);
});

test('where there is no store, a reader says so and makes none', () => {
  const at = join(temporaryDirectory(), 'none');
  expect(codeOf(() => openStore({ directory: at, limits, readOnly: true }))).toBe('NO_SESSION');
  expect(codeOf(() => statSync(at))).toBe('ENOENT');
});

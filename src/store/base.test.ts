import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../tree/entry.ts';
import { fromBytes, isWithin, parentPath, toBytes } from '../tree/path.ts';
import { commitBase, directory, file, testStore } from './store.fixture.ts';
import type { BaseChange, Store } from './store.ts';

const name = fc
  .oneof(
    fc.constantFrom('a', 'b', 'A', 'é', '日本', '-', '.', ' ', '0'),
    fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => fromBytes(bytes)),
  )
  .filter((text) => !/[/\0]/.test(text));
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const mode = fc.integer({ min: 0, max: 0o777 });
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ kind: fc.constant('directory' as const), mode }),
  fc.record({ kind: fc.constant('link' as const), target: path }),
  fc.record({
    kind: fc.constant('file' as const),
    digest: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((b) => Buffer.from(b).toString('hex')),
    size: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    executable: fc.boolean(),
    mode,
    mtime: fc
      .double({ min: -1e12, max: 4e12, noNaN: true })
      .map((ms) => Math.round(ms * 1e6) / 1e6 + 0),
  }),
);
const changes = fc.array(fc.tuple(path, fc.option(entry)), { maxLength: 40 });

/** What the base should be: parents become directories, what goes takes its children along. */
function apply(model: Map<string, Entry>, wanted: readonly BaseChange[]): BaseChange[] {
  const set = (path: string, entry: Entry | null): BaseChange => {
    const isDirectory = entry?.kind === 'directory';
    for (const other of model.keys()) {
      if (isWithin(path, other) && (other === path || !isDirectory)) model.delete(other);
    }
    if (entry !== null) model.set(path, entry);
    return [path, entry];
  };
  return wanted.flatMap(([path, entry]) => {
    const parents: BaseChange[] = [];
    for (let at = parentPath(path); entry !== null && at !== ''; at = parentPath(at)) {
      if (model.get(at)?.kind !== 'directory') parents.unshift([at, directory]);
    }
    return [...parents, [path, entry] as const].map(([path, entry]) => set(path, entry));
  });
}

function sorted(model: Map<string, Entry>): [string, Entry][] {
  return [...model].sort(([a], [b]) => Buffer.compare(toBytes(a), toBytes(b)));
}

function reopened(store: Store): Store {
  store.close();
  return testStore({ directory: store.directory });
}

test('the base holds what was committed, whatever the names, and also after reopening', () => {
  let store = testStore();
  fc.assert(
    fc.property(fc.array(changes, { minLength: 1, maxLength: 3 }), (commits) => {
      store.clearBase();
      const model = new Map<string, Entry>();
      for (const wanted of commits) commitBase(store, ...apply(model, wanted));
      expect([...store.loadBase()]).toEqual(sorted(model));
      store = reopened(store);
      expect([...store.loadBase()]).toEqual(sorted(model));
    }),
    { numRuns: 30 },
  );
});

test('a base of many pages comes back whole and in order, while it is being changed', () => {
  const store = testStore();
  const rows = Array.from({ length: 3500 }, (_, n): BaseChange => [`f${n}`, file(`${n}`)]);
  commitBase(store, ...rows);
  let read = 0;
  for (const [path] of store.loadBase()) {
    read += 1;
    commitBase(store, [path, null]);
  }
  expect(read).toBe(3500);
  expect([...store.loadBase()]).toEqual([]);
});

test('what stands below a path goes with it, and its neighbours stay', () => {
  const store = testStore();
  const inside: BaseChange[] = [
    ['d', directory],
    ['d/x', file('x')],
    ['d/y', directory],
    ['d/y/z', file('z')],
  ];
  const beside: BaseChange[] = [
    ['d-', file('1')],
    ['d.x', file('2')],
    ['d0', file('3')],
    ['dd', file('4')],
  ];
  commitBase(store, ...inside, ...beside);
  commitBase(store, ['d', { ...directory, mode: 0o700 }]);
  expect([...store.loadBase()]).toHaveLength(8);
  commitBase(store, ['d', file('now a file')]);
  commitBase(store, ['d', directory]);
  expect(new Map(store.loadBase())).toEqual(new Map([['d', directory], ...beside] as never));
  commitBase(store, ['d/x', file('x')], ['d', null]);
  expect(new Map(store.loadBase())).toEqual(new Map(beside as never));
});

test('clearBase forgets the base and nothing else', () => {
  const store = testStore();
  commitBase(store, ['a', file('a')]);
  store.setValue('identity', { inode: 1 });
  const { id } = store.commit({
    base: [],
    versions: [{ path: 'l', side: 'container', time: 1, reason: 'removed', entry: directory }],
    events: [{ time: 1, type: 'notice', data: {} }],
  })[0] as { id: string };
  store.clearBase();
  expect([...store.loadBase()]).toEqual([]);
  expect(store.getValue('identity')).toEqual({ inode: 1 });
  expect(store.version(id)?.path).toBe('l');
  expect(store.events()).toHaveLength(1);
});

test('what is no entry is refused, and does not count as damage', () => {
  const store = testStore();
  const bad = [
    { digest: '../../secret' },
    { digest: 'a'.repeat(62) },
    { size: -1 },
    { size: 2 ** 60 },
    { size: 0.5 },
    { mtime: Number.NaN },
    { mode: Number.NaN },
  ];
  for (const part of bad) {
    const entry = { ...file('a'), ...part };
    const row = { path: 'a', side: 'local', time: 1, reason: 'removed', entry } as const;
    expect(() => commitBase(store, ['a', entry])).toThrow();
    expect(() => store.commit({ base: [], versions: [row], events: [] })).toThrow();
  }
  expect([...store.loadBase(), ...store.history()]).toEqual([]);
  expect(store.condition).toEqual({ state: 'new' });
});

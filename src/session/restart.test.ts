/** What survives a restart, and what a damaged state costs: a merge, and never a write (DESIGN 5.3, 5.4). */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { random } from '../../test/support/random.ts';
import { makeTree, snapshot, temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { openStore } from '../store/open.ts';
import { openDatabase } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import type { Pair } from './testing.ts';
import { startPair } from './testing.ts';

const read = (...path: string[]) => fs.readFileSync(join(...path), 'utf8');
const names = (dir: string) => snapshot(dir).map((row) => row.path);
const limits = { maxAge: 14 * 24 * 3600_000, maxBytes: 1024 ** 3 };

function withStore<T>(pair: Pair, work: (store: Store) => T): T {
  const store = openStore({ directory: pair.state, limits });
  try {
    return work(store);
  } finally {
    store.close();
  }
}

function contents(...roots: string[]): string[] {
  return roots.flatMap((root) =>
    snapshot(root)
      .filter((row) => row.type === 'file')
      .map((row) => read(root, row.path)),
  );
}

function keptContents(store: Store): string[] {
  return store.history().flatMap(({ entry }) => {
    const bytes = entry.kind === 'file' ? store.contents.read(entry.digest) : undefined;
    return bytes === undefined ? [] : [Buffer.from(bytes).toString()];
  });
}

describe('a restart', () => {
  it('still knows what arrived within the last hour, and when the last of it did', async () => {
    const first = await startPair({ fill: (local) => makeTree(local, { a: 'one' }) });
    await first.same();
    fs.writeFileSync(join(first.container, 'a'), 'two');
    fs.writeFileSync(join(first.container, 'b'), 'new');
    await first.same();
    const { lastHour, totals } = first.session.status();
    expect(lastHour.toLocal).toBe(2);
    await first.stop();
    const again = await startPair({ again: first });
    await again.same();
    const status = again.session.status();
    expect(status.lastHour.toLocal).toBe(2);
    expect(status.totals.toLocal).toMatchObject({ files: 0 });
    expect(Number(status.totals.toLocal.last)).toBeLessThanOrEqual(Number(totals.toLocal.last));
  });

  it('still knows the directories that stay only for ignored content', async () => {
    const first = await startPair({
      fill: (local) => makeTree(local, { '.gitignore': '*.o\n', 'src/a.c': 'c', keep: 'k' }),
    });
    await first.same();
    fs.writeFileSync(join(first.container, 'src/a.o'), 'object');
    fs.rmSync(join(first.local, 'src'), { recursive: true });
    await first.session.flush({ timeoutMs: 10_000 });
    await first.stop();
    const second = await startPair({ again: first });
    await second.session.flush({ timeoutMs: 10_000 });
    expect(names(second.local)).toEqual(['.gitignore', 'keep']);
    expect(names(second.container)).toEqual(['.gitignore', 'keep', 'src', 'src/a.o']);
    expect(second.session.status().leftovers).toEqual([
      { side: 'container', path: 'src', names: ['a.o'] },
    ]);
    await second.stop();
    fs.rmSync(join(second.container, 'src'), { recursive: true });
    const third = await startPair({ again: first });
    await third.same();
    expect(third.session.status().leftovers).toEqual([]);
    fs.mkdirSync(join(third.container, 'src'));
    await third.same();
    expect(names(third.local)).toContain('src');
  });

  it('goes on with a merge that was cut short: the host still leads', async () => {
    const first = await startPair({ fill: (local) => makeTree(local, { done: 'd' }) });
    await first.same();
    await first.stop();
    withStore(first, (store) => {
      expect(store.getValue('merging')).toBeUndefined();
      store.setValue('merging', true);
    });
    const clash = (name: string, pair: Pair) => {
      makeTree(pair.local, { [name]: { content: 'local', mtime: new Date(1_600_000_000_000) } });
      makeTree(pair.container, { [name]: 'container, newer' });
    };
    clash('cut', first);
    const second = await startPair({ again: first });
    await second.same();
    expect(read(second.container, 'cut')).toBe('local');
    await second.stop();
    clash('after', first);
    const third = await startPair({ again: first });
    await third.same();
    expect(read(third.local, 'after')).toBe('container, newer');
  });

  it('does not use a base that does not say of whom it speaks', async () => {
    const first = await startPair({ fill: (local) => makeTree(local, { a: '1', b: '2' }) });
    await first.same();
    await first.stop();
    withStore(first, (store) => store.setValue('identity', undefined));
    fs.rmSync(join(first.container, 'a'));
    const second = await startPair({ again: first });
    await second.same();
    expect(names(second.local)).toEqual(['a', 'b']);
  });
});

/** Lets `sync` note what it is asked for, before it does it. */
function noteSyncs(): () => string[] {
  const bin = temporaryDirectory();
  const script = `#!/bin/sh\necho "$2" >> ${bin}/asked\nexec /usr/bin/env -i PATH=/usr/bin:/bin sync "$@"\n`;
  fs.writeFileSync(join(bin, 'sync'), script, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${bin}:${PATH}`;
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
  return () => (fs.existsSync(join(bin, 'asked')) ? read(bin, 'asked').trim().split('\n') : []);
}

it('what an earlier replica wrote is durable before the base says so', async () => {
  const asked = noteSyncs();
  const pair = await startPair({ fill: (local) => makeTree(local, { a: '1' }) });
  await pair.same();
  const roots = [pair.container, pair.local];
  await waitFor(() => [...pair.store.loadBase()].length === 1, { what: 'the base' });
  expect(asked().sort()).toEqual(roots);
  fs.renameSync(pair.container, `${pair.container}-away`);
  await waitFor(() => pair.session.status().holds.length > 0, { what: 'the hold' });
  fs.writeFileSync(join(pair.local, 'b'), '2');
  fs.renameSync(`${pair.container}-away`, pair.container);
  await waitFor(() => [...pair.store.loadBase()].length === 2, { what: 'the base after that' });
  expect(asked().sort()).toEqual([...roots, ...roots].sort());
});

const { next, seed } = random();
const damages: Record<string, (database: string) => void> = {
  'cut short': (database) => fs.truncateSync(database, fs.statSync(database).size / 2),
  'cut to nothing': (database) => fs.truncateSync(database, 0),
  missing: (database) => fs.rmSync(database),
  'with flipped bits': (database) => {
    const bytes = fs.readFileSync(database);
    for (let n = 0; n < 20; n += 1) {
      const at = Math.floor(next() * bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(next() * 8));
    }
    fs.writeFileSync(database, bytes);
  },
  'full of zeros': (database) =>
    fs.writeFileSync(database, Buffer.alloc(fs.statSync(database).size)),
};

it('a base that makes no tree costs a merge, and no write is lost', async () => {
  const first = await startPair({ fill: (local) => makeTree(local, { 'd/f': '1', 'e/g': '2' }) });
  await first.same();
  await first.stop();
  const file = fs.readdirSync(first.state).find((name) => /^state.*\.db$/.test(name));
  const database = openDatabase(join(first.state, file as string));
  database.exec("UPDATE base SET path = CAST('q' AS BLOB) WHERE path = CAST('d' AS BLOB)");
  database.close();
  fs.writeFileSync(join(first.container, 'd/f'), 'edited');
  const second = await startPair({ again: first });
  await second.same();
  expect(contents(second.local, second.container)).toContain('2');
  expect([...contents(second.local), ...keptContents(second.store)]).toContain('edited');
});

describe('a state that is', () => {
  it.each(Object.keys(damages))('%s costs a merge, and no write is lost', async (kind) => {
    const tree = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`d${n % 7}/f${n}`, `${n}`]),
    );
    const first = await startPair({ fill: (local) => makeTree(local, tree) });
    await first.same();
    await first.stop();
    const database = fs.readdirSync(first.state).find((name) => /^state.*\.db$/.test(name));
    damages[kind]?.(join(first.state, database as string));
    makeTree(first.local, { 'd1/f1': 'edited here', both: 'made here' });
    makeTree(first.container, { 'd2/f2': 'edited there', both: 'made there' });
    fs.rmSync(join(first.local, 'd3/f3'));
    const before = contents(first.local, first.container);
    const second = await startPair({ again: first });
    await second.same();
    const found = new Set([
      ...contents(second.local, second.container),
      ...keptContents(second.store),
    ]);
    expect(
      before.filter((text) => !found.has(text)),
      `seed ${seed}`,
    ).toEqual([]);
    if (kind === 'with flipped bits') return;
    expect(read(second.local, 'd3/f3')).toBe('3');
    expect(second.store.condition.state).toBe('damaged');
    await waitFor(() => second.session.status().problems.length === 0, { what: 'no problem' });
    expect(second.events.some(({ type }) => type === 'solved')).toBe(true);
    await second.stop();
    fs.rmSync(join(second.local, 'd4/f4'));
    const third = await startPair({ again: first });
    await third.same();
    expect(fs.existsSync(join(third.container, 'd4/f4'))).toBe(false);
  });

  it('damaged under a running session: it is told, and the whole base is stored anew', async () => {
    const tree = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`d/f${n}`, `${n}`]));
    const first = await startPair({ fill: (local) => makeTree(local, tree) });
    await first.same();
    await first.stop();
    const pair = await startPair({ again: first });
    await pair.same();
    const database = fs
      .readdirSync(pair.state)
      .find((name) => /^state.*\.db$/.test(name)) as string;
    // From another process: closing the file in this one would let go SQLite's locks on it.
    const script = `const fs = require('node:fs');
      const file = fs.openSync(process.argv[1], 'r+');
      fs.writeSync(file, Buffer.alloc(fs.fstatSync(file).size - 4096, 0x5a), 0, undefined, 4096);`;
    execFileSync(process.execPath, ['-e', script, join(pair.state, database)]);
    for (let n = 0; pair.store.condition.state !== 'damaged' && n < 50; n += 1) {
      fs.writeFileSync(join(pair.local, `d/f${n}`), `edited ${n}`);
      await pair.same();
      Array.from(pair.store.loadBase());
    }
    fs.writeFileSync(join(pair.container, 'd/f0'), 'goes on');
    await pair.same();
    await waitFor(() => [...pair.store.loadBase()].length === 301, { what: 'the whole base' });
    const told = pair.events.filter(({ type }) => type === 'notice' || type === 'problem');
    expect(JSON.stringify(told)).toContain('damaged');
    await pair.stop();
    fs.rmSync(join(pair.local, 'd/f9'));
    const last = await startPair({ again: first });
    await last.same();
    expect(fs.existsSync(join(last.container, 'd/f9'))).toBe(false);
  });
});

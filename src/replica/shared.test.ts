import * as nodeFs from 'node:fs';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { type FileEntry, sameContent } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { sha256 } from './digest.ts';
import type { FsPort } from './fs-port.ts';
import type { Action, Observation, Replica } from './replica.ts';
import { openSharedReplica } from './shared.ts';
import { testOptions } from './testing.ts';

interface Opened {
  readonly replica: Replica;
  readonly heard: Observation[];
}

async function open(root: string, fs?: FsPort): Promise<Opened> {
  const input = { root, side: 'local', options: testOptions, ...(fs === undefined ? {} : { fs }) };
  const replica = await openSharedReplica(input as Parameters<typeof openSharedReplica>[0]);
  onTestFinished(() => replica.close());
  const heard: Observation[] = [];
  replica.onEvent = (event) => {
    if (event.type === 'changes') heard.push(...event.changes);
  };
  return { replica, heard };
}

async function scan({ replica }: Opened): Promise<readonly Observation[]> {
  const rows: Observation[] = [];
  await replica.scan({ contents: true, onRows: (batch) => void rows.push(...batch) });
  return rows;
}

function writing(path: Path, text: string): Extract<Action, { type: 'write' }> {
  const bytes = Buffer.from(text);
  const entry: FileEntry = {
    kind: 'file',
    digest: sha256(bytes),
    size: bytes.length,
    executable: false,
    mode: 0o644,
    mtime: 1e12,
  };
  return { type: 'write', path, expect: null, entry, source: { from: 'bytes', bytes } };
}

const pathsOf = (rows: readonly Observation[]) => rows.map(({ path }) => path).sort();

function filled(): string {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'dir'));
  writeFileSync(join(root, 'dir/a'), 'a');
  writeFileSync(join(root, '.gitignore'), '*.log\n');
  writeFileSync(join(root, 'x.log'), 'left out');
  return root;
}

test('the disk is walked once, and the second handle is told the same', async () => {
  let reads = 0;
  const readdirSync_ = ((...args: Parameters<typeof readdirSync>) => {
    reads += 1;
    return readdirSync(...args);
  }) as typeof readdirSync;
  const root = filled();
  const fs: FsPort = { ...nodeFs, readdirSync: readdirSync_ };
  const one = await open(root, fs);
  const first = await scan(one);
  const before = reads;
  const two = await open(root, fs);
  const second = await scan(two);
  expect(reads).toBe(before);
  expect(pathsOf(second)).toEqual(pathsOf(first));
  const looks = (rows: readonly Observation[]) =>
    new Map(rows.map(({ path, look }) => [path, look]));
  expect(looks(second)).toEqual(looks(first));
  const rules = second.find(({ path }) => path === '.gitignore');
  expect(String(rules?.bytes)).toBe('*.log\n');
});

test('what one applies is told to the others, with its content, and not to itself', async () => {
  const root = filled();
  const [one, two] = [await open(root), await open(root)];
  for (const each of [one, two]) await scan(each);
  const [outcome] = await one.replica.apply([writing('new', 'text')]);
  expect(outcome?.result).toBe('done');
  expect(two.heard).toMatchObject([{ path: 'new', bytes: Buffer.from('text') }]);
  expect(one.heard).toEqual([]);
  const expected = outcome?.now as FileEntry;
  await two.replica.apply([{ type: 'remove', path: 'new', expect: expected }]);
  expect(one.heard).toEqual([{ path: 'new', look: null }]);
  // A miss is told to nobody by hand: the look at the path tells all.
  const missed = await one.replica.apply([{ type: 'remove', path: 'dir/a', expect: expected }]);
  expect(missed[0]?.result).toBe('missed');
});

test('a move, and an ignore file without its content at hand, are told whole', async () => {
  const root = filled();
  const [one, two] = [await open(root), await open(root)];
  const rows = await scan(one);
  await scan(two);
  const entry = rows.find(({ path }) => path === 'dir/a')?.look as FileEntry;
  const rules = rows.find(({ path }) => path === '.gitignore')?.look as FileEntry;
  const copy = { type: 'write', path: 'dir/.gitignore', expect: null, entry: rules } as const;
  await one.replica.apply([
    { type: 'write', path: 'b', expect: null, entry, source: { from: 'move', path: 'dir/a' } },
    { ...copy, source: { from: 'copy', path: '.gitignore' } },
  ]);
  const told = new Map(two.heard.map((row) => [row.path, row]));
  expect(told.get('dir/a')?.look).toBe(null);
  expect(sameContent(told.get('b')?.look ?? null, entry)).toBe(true);
  expect(String(told.get('dir/.gitignore')?.bytes)).toBe('*.log\n');
});

test('both hear of what others do', async () => {
  const root = filled();
  const [one, two] = [await open(root), await open(root)];
  for (const each of [one, two]) await scan(each);
  writeFileSync(join(root, 'dir/b'), 'b');
  await waitFor(() => [one, two].every(({ heard }) => pathsOf(heard).includes('dir/b')));
});

test('a slow first one keeps no other waiting, and is told all the same', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 600; n += 1) writeFileSync(join(root, `f${n}`), `${n}`);
  const [one, two] = [await open(root), await open(root)];
  let proceed: () => void = () => {};
  const slow = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  const rows = new Set<Path>();
  let batches = 0;
  const scanning = one.replica.scan({
    onRows: (batch) => {
      batches += 1;
      for (const { path } of batch) rows.add(path);
      return slow;
    },
  });
  await waitFor(() => batches > 0);
  expect(await scan(two)).toHaveLength(600);
  proceed();
  expect((await scanning).files).toBe(600);
  expect(rows.size).toBe(600);
});

test('what the walk of a slow one finds gone is told to it, though it was told meanwhile', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 300; n += 1) writeFileSync(join(root, `f${n}`), `${n}`);
  const one = await open(root);
  await scan(one);
  let proceed: () => void = () => {};
  const slow = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  let batches = 0;
  const scanning = one.replica.scan({
    onRows: () => {
      batches += 1;
      return slow;
    },
  });
  const two = await open(root);
  await waitFor(() => batches > 0);
  writeFileSync(join(root, 'new'), 'new');
  await one.replica.look(['new']);
  expect(pathsOf(one.heard)).toContain('new');
  rmSync(join(root, 'new'));
  await scan(two);
  await one.replica.drain();
  expect(one.heard.filter(({ path }) => path === 'new').at(-1)?.look).toBe(null);
  proceed();
  await scanning;
});

test('one that throws ends alone; the last one to close takes the staging area along', async () => {
  const root = filled();
  const [one, two] = [await open(root), await open(root)];
  for (const each of [one, two]) await scan(each);
  one.replica.onEvent = () => {
    throw new Error('a defect');
  };
  await two.replica.apply([writing('new', 'text')]);
  await expect(one.replica.closed).resolves.toMatchObject({ message: 'a defect' });
  await expect(one.replica.drain()).rejects.toMatchObject({ code: 'LINK' });
  await two.replica.drain();
  writeFileSync(join(root, 'more'), '');
  await waitFor(() => pathsOf(two.heard).includes('more'));
  const areas = () => readdirSync(root).filter((name) => name.startsWith('.cai-'));
  expect(areas()).toHaveLength(1);
  await two.replica.close();
  expect(areas()).toEqual([]);
  const again = await open(root);
  expect(pathsOf(await scan(again))).toContain('more');
});

test('what one had kept and left goes to the next', async () => {
  const root = filled();
  const [one, two] = [await open(root), await open(root)];
  const entry = (await scan(one)).find(({ path }) => path === 'dir/a')?.look as FileEntry;
  await scan(two);
  const [outcome] = await one.replica.apply([{ type: 'remove', path: 'dir/a', expect: entry }]);
  const id = outcome?.kept?.id as string;
  await one.replica.close();
  const next = await open(root);
  expect(await next.replica.takeLeft()).toMatchObject([{ id, path: 'dir/a' }]);
  const bytes: Buffer[] = [];
  for await (const chunk of next.replica.readKept(id)) bytes.push(Buffer.from(chunk));
  expect(String(Buffer.concat(bytes))).toBe('a');
  expect(await next.replica.release([id])).toEqual([]);
  expect(existsSync(join(root, 'dir/a'))).toBe(false);
});

test('other rules have a replica of their own', async () => {
  const root = filled();
  const one = await open(root);
  await scan(one);
  const options = { ...testOptions, rules: { ...testOptions.rules, gitignore: false } };
  const other = await openSharedReplica({ root, side: 'local', options });
  onTestFinished(() => other.close());
  const rows: Observation[] = [];
  await other.scan({ onRows: (batch) => void rows.push(...batch) });
  expect(pathsOf(rows)).toContain('x.log');
});

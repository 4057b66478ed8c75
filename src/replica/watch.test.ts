/** What file watchers are known to miss (bursts, new trees, replaced directories, odd names). */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { toBytes } from '../tree/path.ts';
import {
  diskLines,
  entryOf,
  faultyFs,
  openScanned,
  openTest,
  type TestReplica,
  take,
  toldLines,
} from './testing.ts';

/** Without a drain: events alone must bring it about. */
async function allTold(test: TestReplica, leaveOut?: (path: string) => boolean): Promise<void> {
  await waitFor(() => {
    expect(toldLines(test.told)).toEqual(diskLines(test.root, leaveOut));
    return true;
  });
}

test('an edit is told in milliseconds, with its content', async () => {
  const told = await openScanned();
  fs.writeFileSync(`${told.root}/f`, 'content');
  await waitFor(() => told.changes.length > 0, { every: 1 });
  const [change] = told.changes;
  expect(change).toMatchObject({ path: 'f', look: { kind: 'file', size: 7 } });
  expect(Buffer.from(change?.bytes ?? []).toString()).toBe('content');
});

test('a file that was only touched is told without its content', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, 'content');
  const told = await openScanned({ root });
  fs.utimesSync(`${root}/f`, 1, 1);
  await told.replica.drain();
  expect(told.changes).toEqual([{ path: 'f', look: expect.objectContaining({ mtime: 1000 }) }]);
});

test('fifty deep new trees, each with a file', async () => {
  const told = await openScanned();
  for (let n = 0; n < 50; n += 1) {
    fs.mkdirSync(`${told.root}/${n}/a/b/c`, { recursive: true });
    fs.writeFileSync(`${told.root}/${n}/a/b/c/f`, `${n}`);
  }
  await allTold(told);
});

test('a directory that went right before it was to be watched, and came back with its number', async () => {
  const faulty = faultyFs();
  const told = await openScanned({ fs: faulty.fs });
  let missed = 0;
  faulty.fail = (call, path) => {
    if (call !== 'watch' || !path.endsWith('/d')) return undefined;
    missed += 1;
    return 'ENOENT';
  };
  fs.mkdirSync(`${told.root}/d`);
  await told.replica.drain();
  expect(missed).toBeGreaterThan(0);
  faulty.fail = undefined;
  fs.renameSync(`${told.root}/d`, `${told.root}/e`);
  fs.renameSync(`${told.root}/e`, `${told.root}/d`);
  await told.replica.drain();
  fs.writeFileSync(`${told.root}/d/f`, 'heard of');
  await allTold(told);
});

test('a directory that was seen under another name, and came back with its number', async () => {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/d`);
  const told = await openScanned({ root });
  fs.renameSync(`${root}/d`, `${root}/e`);
  // The watch of the number is that of `e` from now on.
  await told.replica.look(['e']);
  fs.renameSync(`${root}/e`, `${root}/d`);
  await told.replica.drain();
  fs.writeFileSync(`${root}/d/f`, 'heard of');
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual(diskLines(root));
});

test('a directory that changed and went right before its names are read is gone with all that is in it', async () => {
  const root = temporaryDirectory();
  const outside = temporaryDirectory();
  fs.mkdirSync(`${root}/d/e`, { recursive: true });
  fs.writeFileSync(`${root}/d/e/f`, 'told');
  const faulty = faultyFs();
  const told = await openScanned({ root, fs: faulty.fs });
  faulty.fail = (call, path) => {
    if (call === 'readdirSync' && path.includes('/d') && fs.existsSync(`${root}/d`))
      fs.renameSync(`${root}/d`, `${outside}/d`);
    return undefined;
  };
  // Another directory, as far as its number tells, and another mode.
  fs.renameSync(`${root}/d`, `${root}/was-d`);
  fs.mkdirSync(`${root}/d`, { mode: 0o700 });
  await told.replica.drain();
  expect(fs.existsSync(`${outside}/d`)).toBe(true);
  fs.rmSync(`${root}/was-d`, { recursive: true });
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual(diskLines(root));
});

test('a populated tree moved in, and edits in it', async () => {
  const outside = temporaryDirectory();
  fs.mkdirSync(`${outside}/tree/x/y`, { recursive: true });
  for (let n = 0; n < 9; n += 1) fs.writeFileSync(`${outside}/tree/x/y/${n}`, `${n}`);
  const told = await openScanned();
  fs.renameSync(`${outside}/tree`, `${told.root}/tree`);
  await allTold(told);
  for (let n = 0; n < 3; n += 1) fs.appendFileSync(`${told.root}/tree/x/y/${n}`, 'edited');
  await allTold(told);
  fs.renameSync(`${told.root}/tree`, `${outside}/tree`);
  await allTold(told);
  fs.writeFileSync(`${outside}/tree/x/y/0`, 'outside now');
  await told.replica.drain();
  expect(told.told.size).toBe(0);
});

test('a moved directory is told as one event, without reading it again; edits are told at the new path', async () => {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/old/sub`, { recursive: true });
  for (let n = 0; n < 20; n += 1) fs.writeFileSync(`${root}/old/sub/${n}`, `${n}`);
  const past = new Date(1_700_000_000_000);
  for (let n = 0; n < 20; n += 1) fs.utimesSync(`${root}/old/sub/${n}`, past, past);
  const { fs: port, calls } = faultyFs();
  const told = await openScanned({ root, fs: port });
  // Past the racy window, so that the signatures are proof.
  await waitFor(async () => {
    calls.clear();
    await told.scan();
    return calls.get('openSync') === undefined;
  });
  calls.clear();
  fs.renameSync(`${root}/old`, `${root}/new`);
  await waitFor(() => told.events.length > 0);
  await allTold(told);
  expect(told.events).toHaveLength(1);
  expect(calls.get('openSync')).toBeUndefined();
  expect(told.changes.filter((change) => change.look !== null)).toHaveLength(22);
  expect(told.changes.filter((change) => change.look === null)).toHaveLength(22);
  fs.appendFileSync(`${root}/new/sub/3`, 'edited');
  await allTold(told);
});

test('a moved or copied file is told without its content', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/one`, 'the content');
  const told = await openScanned({ root });
  fs.copyFileSync(`${root}/one`, `${root}/copy`);
  await told.replica.drain();
  fs.renameSync(`${root}/one`, `${root}/moved`);
  await told.replica.drain();
  expect(told.changes.map(({ path, bytes }) => [path, bytes])).toEqual([
    ['copy', undefined],
    ['moved', undefined],
    ['one', undefined],
  ]);
});

test('a directory removed and made again under its name, again and again', async () => {
  const told = await openScanned();
  for (let n = 0; n < 20; n += 1) {
    fs.rmSync(`${told.root}/d`, { recursive: true, force: true });
    fs.mkdirSync(`${told.root}/d/e`, { recursive: true });
    fs.writeFileSync(`${told.root}/d/e/f`, `${n}`);
    if (n % 3 === 0) await allTold(told);
  }
  await allTold(told);
  fs.appendFileSync(`${told.root}/d/e/f`, 'a later edit');
  await allTold(told);
});

test('a directory with the same name as the one it is in', async () => {
  const told = await openScanned();
  fs.mkdirSync(`${told.root}/same/same/same`, { recursive: true });
  await allTold(told);
  fs.rmSync(`${told.root}/same/same`, { recursive: true });
  fs.mkdirSync(`${told.root}/same/same/other`, { recursive: true });
  await allTold(told);
});

test('ten thousand new files at once, and more events than the kernel holds', async () => {
  const told = await openScanned();
  fs.mkdirSync(`${told.root}/many`);
  for (let n = 0; n < 10_000; n += 1) fs.writeFileSync(`${told.root}/many/${n}`, '');
  await waitFor(() => told.told.size === 10_001, { deadline: 20_000 });
  // While the event loop stands still the kernel's queue runs over, and that is noticed.
  for (const mode of [0o700, 0o755]) {
    for (let n = 0; n < 10_000; n += 1) fs.chmodSync(`${told.root}/many/${n}`, mode);
  }
  await waitFor(() => told.events.some((event) => event.type === 'rescan-needed'));
  await told.scan();
  await told.replica.drain();
  const looks = [...told.told.values()];
  const done = looks.filter((look) => look?.kind === 'file' && look.mode === 0o755);
  expect(done).toHaveLength(10_000);
});

test('more events than the kernel holds while the first scan goes on', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/early`, 'before');
  fs.mkdirSync(`${root}/many`);
  for (let n = 0; n < 20_000; n += 1) fs.writeFileSync(`${root}/many/${n}`, '');
  const told = await openTest({ root });
  let isOver = false;
  await told.replica.scan({
    onRows: (rows) => {
      for (const { path, look } of rows) take(told.told, path, look);
      if (isOver) return;
      isOver = true;
      expect(told.told.has('early')).toBe(true);
      for (let n = 0; n < 10_000; n += 1) {
        fs.writeFileSync(`${root}/churn`, '');
        fs.rmSync(`${root}/churn`);
      }
      fs.writeFileSync(`${root}/early`, 'changed, and nobody is told');
    },
  });
  await waitFor(() => told.events.some((event) => event.type === 'rescan-needed'));
  await told.scan();
  expect(told.told.get('early')).toMatchObject({ size: 27 });
});

test('a mass removal comes in one event, each path once', async () => {
  const root = temporaryDirectory();
  for (let n = 0; n < 2_000; n += 1) {
    if (n % 100 === 0) fs.mkdirSync(`${root}/${n / 100}`);
    fs.writeFileSync(`${root}/${Math.floor(n / 100)}/${n}`, `${n}`);
  }
  const told = await openScanned({ root });
  for (let n = 0; n < 20; n += 1) fs.rmSync(`${root}/${n}`, { recursive: true });
  await allTold(told);
  expect(told.events).toHaveLength(1);
  expect(told.changes).toHaveLength(2_020);
});

test('links, also those that lead nowhere or outside', async () => {
  const told = await openScanned();
  fs.symlinkSync('nowhere', `${told.root}/dangling`);
  fs.symlinkSync('../..', `${told.root}/outside`);
  fs.symlinkSync('/etc/passwd', `${told.root}/absolute`);
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual([
    'absolute blocked link-outside',
    'dangling link nowhere',
    'outside blocked link-outside',
  ]);
});

test('a directory replaced by a link is not looked through', async () => {
  const outside = temporaryDirectory();
  fs.writeFileSync(`${outside}/f`, 'a secret of the host');
  const told = await openScanned();
  fs.mkdirSync(`${told.root}/d`);
  fs.writeFileSync(`${told.root}/d/f`, 'inside');
  await told.replica.drain();
  told.forget();
  fs.renameSync(`${told.root}/d`, `${told.root}/e`);
  fs.symlinkSync(outside, `${told.root}/d`);
  await told.replica.look(['d/f']);
  await told.replica.drain();
  expect(told.told.get('d')).toMatchObject({ kind: 'blocked', why: 'link-outside' });
  expect(told.told.get('e/f')).toMatchObject({ digest: entryOf('inside').digest });
  expect(JSON.stringify(told.changes)).not.toContain(entryOf('a secret of the host').digest);
});

test('names that are not UTF-8', async () => {
  const told = await openScanned();
  const raw = 'caf\udce9';
  fs.mkdirSync(toBytes(`${told.root}/${raw}`));
  fs.writeFileSync(toBytes(`${told.root}/${raw}/\udcff\ufffd`), 'x');
  await allTold(told);
  expect([...told.told.keys()]).toEqual([raw, `${raw}/\udcff\ufffd`]);
  fs.appendFileSync(toBytes(`${told.root}/${raw}/\udcff\ufffd`), 'y');
  await allTold(told);
  fs.rmSync(toBytes(`${told.root}/${raw}`) as unknown as string, { recursive: true });
  await allTold(told);
});

test('sockets and pipes are blocked and do not block', async () => {
  const told = await openScanned();
  const { execFileSync } = await import('node:child_process');
  execFileSync('mkfifo', [`${told.root}/pipe`]);
  await told.replica.drain();
  expect(told.told.get('pipe')).toMatchObject({ kind: 'blocked', why: 'special' });
});

test('out of watches: polls what is not watched and says so, and watches again', async () => {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/watched`);
  fs.mkdirSync(`${root}/unwatched`);
  fs.writeFileSync(`${root}/unwatched/f`, 'before');
  const faulty = faultyFs();
  faulty.fail = (call, path) =>
    call === 'watch' && path.includes('/unwatched') ? 'ENOSPC' : undefined;
  const told = await openScanned({ root, fs: faulty.fs });
  await waitFor(() => told.events.find((event) => event.type === 'polling'));
  expect(told.events[0]).toMatchObject({ type: 'polling', directories: 1 });
  fs.writeFileSync(`${root}/unwatched/f`, 'polled');
  fs.writeFileSync(`${root}/unwatched/g`, 'new');
  await allTold(told);
  fs.writeFileSync(`${root}/unwatched/f`, 'drained');
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual(diskLines(root));
  faulty.fail = undefined;
  fs.renameSync(`${root}/unwatched`, `${root}/now-watched`);
  await waitFor(() =>
    told.events.find((event) => event.type === 'polling' && event.directories === 0),
  );
});

test('out of descriptors: a root that is polled and cannot be read asks for a scan, and is polled again', async () => {
  const faulty = faultyFs();
  faulty.fail = (call) => (call === 'watch' ? 'EMFILE' : undefined);
  const polled = await openScanned({ fs: faulty.fs });
  let failures = 0;
  faulty.fail = (call, path) => {
    if (call === 'watch') return 'EMFILE';
    if (call !== 'readdirSync' || path !== polled.root || failures > 0) return undefined;
    failures += 1;
    return 'EMFILE';
  };
  await waitFor(() => polled.events.some((event) => event.type === 'rescan-needed'));
  await polled.scan();
  fs.writeFileSync(`${polled.root}/new`, 'x');
  await allTold(polled);
});

test('a large file that is written bit by bit is told when it is complete', async () => {
  const told = await openScanned();
  const file = fs.openSync(`${told.root}/large`, 'w');
  const block = Buffer.alloc(64 * 1024, 'x');
  for (let n = 0; n < 40; n += 1) {
    fs.writeSync(file, block);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  fs.closeSync(file);
  await allTold(told);
  const sizes = told.changes.map(({ look }) => (look?.kind === 'file' ? look.size : 0));
  expect(sizes.at(-1)).toBe(40 * 64 * 1024);
});

test('a drain that gets no event compares everything', async () => {
  const faulty = faultyFs();
  const told = await openScanned({ fs: faulty.fs });
  // The area cannot be made, so no cookie either; and the change is hidden from the watch.
  faulty.fail = (call, path) =>
    call === 'mkdirSync' && path.includes('.cai-stage') ? 'EROFS' : undefined;
  fs.writeFileSync(`${told.root}/f`, 'x');
  await told.replica.drain();
  expect(toldLines(told.told)).toEqual(diskLines(told.root));
});

test('nothing is told, and nothing crashes, after close', async () => {
  const told = await openScanned();
  fs.writeFileSync(`${told.root}/f`, 'x');
  await told.replica.close();
  await expect(told.replica.drain()).rejects.toMatchObject({ code: 'LINK' });
  await expect(told.replica.closed).resolves.toBeUndefined();
  expect(told.changes).toEqual([]);
});

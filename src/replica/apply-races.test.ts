/**
 * Invariant 1 in races: somebody writes between any two steps of an action. Afterwards every content
 * that was ever written is either on disk or kept.
 */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { Action, Kept } from './replica.ts';
import {
  diskLines,
  entryOf,
  faultyFs,
  openScanned,
  readAll,
  removeOf,
  stagingFiles,
  type TestReplica,
  toldLines,
  writeOf,
} from './testing.ts';
import type { ProbePoint } from './work.ts';

const points: readonly ProbePoint[] = ['staged', 'checked', 'kept', 'placed', 'displaced'];

/** What somebody else does to the path meanwhile. */
const intrusions: Record<string, (path: string) => void> = {
  'writes into the file': (path) => fs.writeFileSync(path, 'intruder'),
  'saves as editors do': (path) => {
    fs.writeFileSync(`${path}~`, 'intruder');
    fs.renameSync(`${path}~`, path);
  },
  'removes it': (path) => fs.rmSync(path, { force: true, recursive: true }),
  'puts a directory there': (path) => {
    fs.rmSync(path, { force: true, recursive: true });
    fs.mkdirSync(path);
    fs.writeFileSync(`${path}/inside`, 'intruder');
  },
};

const actions: Record<string, { readonly before: string | null; readonly action: Action }> = {
  'a new file': { before: null, action: writeOf('p', null, 'synchronised') },
  'a file over another': { before: 'before', action: writeOf('p', 'before', 'synchronised') },
  'a link over a file': {
    before: 'before',
    action: {
      type: 'link',
      path: 'p',
      expect: entryOf('before'),
      entry: { kind: 'link', target: 'x' },
    },
  },
  'a removal': { before: 'before', action: removeOf('p', 'before') },
  'a directory over a file': {
    before: 'before',
    action: {
      type: 'mkdir',
      path: 'p',
      expect: entryOf('before'),
      entry: { kind: 'directory', mode: 0o755 },
    },
  },
  'a move over a file': {
    before: 'before',
    action: { ...writeOf('p', 'before', 'synchronised'), source: { from: 'move', path: 'source' } },
  },
};

const moveToFree: Action = {
  ...writeOf('p', null, 'synchronised'),
  source: { from: 'move', path: 'source' },
};
const movesToFree: readonly { readonly name: string; readonly intruded: string }[] = [
  { name: 'a move to a free name', intruded: 'p' },
  { name: 'a move to a free name, at the old one', intruded: 'source' },
];

/** Contents in the tree and among what is kept. */
async function everything(told: TestReplica, kept: readonly Kept[]): Promise<string[]> {
  const contents: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
      if (entry.name.startsWith('.cai-')) continue;
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) contents.push(fs.readFileSync(path, 'utf8'));
    }
  };
  visit(told.root);
  for (const { id } of kept) contents.push(await readAll(told.replica.readKept(id)));
  return contents;
}

/**
 * A rename over the target in the instant between two neighbouring system calls cannot be noticed; the
 * file that it puts there has been on disk for no longer than that.
 */
function isKnownWindow(action: string, point: ProbePoint, intrusion: string): boolean {
  return point === 'kept' && intrusion === 'saves as editors do' && action !== 'a new file';
}

for (const [name, { before, action }] of Object.entries(actions)) {
  for (const where of ['with hard links', 'without hard links', 'in a busy directory']) {
    test(`${name}, ${where}: nothing that an intruder writes is lost`, async () => {
      for (const point of points) {
        for (const [intrusion, intrude] of Object.entries(intrusions)) {
          if (where !== 'in a busy directory' && isKnownWindow(name, point, intrusion)) continue;
          await tryOne({ name, before, action, point, intrusion, intrude, where });
        }
      }
    });
  }
}

for (const { name, intruded } of movesToFree) {
  for (const where of ['with hard links', 'without hard links', 'in a busy directory']) {
    test(`${name}, ${where}: nothing that an intruder writes is lost`, async () => {
      for (const point of points)
        for (const [intrusion, intrude] of Object.entries(intrusions)) {
          const common = { name, before: null, action: moveToFree, where };
          await tryOne({ ...common, point, intrusion, intrude, intruded });
        }
    });
  }
}

interface Case {
  readonly name: string;
  /** The path at which somebody else writes; the action's unless it says otherwise. */
  readonly intruded?: string;
  readonly before: string | null;
  readonly action: Action;
  readonly point: ProbePoint;
  readonly intrusion: string;
  readonly intrude: (path: string) => void;
  readonly where: string;
}

async function tryOne({
  name,
  before,
  action,
  point,
  intrusion,
  intrude,
  intruded = 'p',
  where,
}: Case): Promise<void> {
  const root = temporaryDirectory();
  if (before !== null) fs.writeFileSync(`${root}/p`, before);
  fs.writeFileSync(`${root}/source`, 'synchronised');
  const { fs: port } = faultyFs();
  if (where === 'without hard links') {
    port.linkSync = () => {
      throw Object.assign(new Error('no hard links'), { code: 'EPERM' });
    };
  }
  let happened = false;
  let armed = false;
  const probe = (at: ProbePoint): void => {
    if (at !== point || happened || !armed) return;
    happened = true;
    intrude(`${root}/${intruded}`);
  };
  if (intruded === 'source' || name === 'a move to a free name') await settled(`${root}/source`);
  const told = await openScanned({ root, probe, fs: port });
  if (where === 'in a busy directory') {
    fs.writeFileSync(`${root}/somebody`, 'else');
    await told.replica.drain();
  }
  armed = true;
  const outcome = await told.applyOne(action);
  const what = `${name}, ${where}: at '${point}' somebody ${intrusion}; ${JSON.stringify(outcome)}`;
  const orphans = await told.replica.takeLeft();
  const kept = [...(outcome.kept === undefined ? [] : [outcome.kept]), ...orphans];
  const changed = await told.replica.release(kept.map(({ id }) => id));
  const left = kept.filter(
    ({ id }) => fs.existsSync(placeOf(root, id)) || changed.some((one) => one.id === id),
  );
  if (happened && intrusion !== 'removes it') {
    const contents = await everything(
      told,
      kept.filter((one) => left.includes(one)),
    );
    const inKept = kept.some(
      (one) => one.entry.kind === 'file' && one.entry.digest === entryOf('intruder').digest,
    );
    expect(contents.includes('intruder') || inKept, what).toBe(true);
  }
  if (!happened) expect(outcome.result, what).toBe('done');
  // What was there before and was not the intruder's to destroy is kept.
  if (before !== null && (point === 'placed' || !happened) && action.type !== 'remove') {
    expect(outcome.kept, what).toBeDefined();
  }
  if (outcome.kept?.expected === false)
    expect(outcome.kept.entry, what).not.toMatchObject(entryOf('before', { mtime: 0 }));
  if (outcome.now === null) told.told.delete('p');
  const isMove = action.type === 'write' && action.source.from === 'move';
  if (isMove && outcome.result === 'done') told.told.delete('source');
  await told.replica.drain();
  for (const path of isMove ? ['p', 'source'] : ['p']) {
    const now = told.told.get(path);
    const stat = fs.lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
    if (happened && now !== undefined) expect(stat !== undefined, what).toBe(true);
    if (isMove && stat !== undefined && path === 'source') expect(now, what).toBeDefined();
  }
  await told.replica.close();
}

/** Until a look at the file is believed: no later write can leave the same times. */
async function settled(path: string): Promise<void> {
  const { ctimeMs } = fs.lstatSync(path);
  await expect.poll(() => Date.now() - ctimeMs, { interval: 5 }).toBeGreaterThan(30);
}

test('a move to a free name takes one link, and leaves nothing behind', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/source`, 'synchronised');
  await settled(`${root}/source`);
  const faulty = faultyFs();
  const told = await openScanned({ root, fs: faulty.fs });
  const { ino, mtimeMs } = fs.lstatSync(`${root}/source`);
  const entry = entryOf('synchronised', { mtime: mtimeMs });
  const outcome = await told.applyOne({ ...moveToFree, entry } as Action);
  expect(outcome).toMatchObject({ result: 'done', now: { digest: entry.digest, mtime: mtimeMs } });
  expect(faulty.calls.get('linkSync')).toBe(1);
  expect(fs.lstatSync(`${root}/p`).ino).toBe(ino);
  expect(fs.existsSync(`${root}/source`)).toBe(false);
  expect(stagingFiles(root)).toEqual([]);
});

function placeOf(root: string, id: string): string {
  const area = fs.readdirSync(root).find((name) => name.startsWith('.cai-stage-'));
  return `${root}/${area}/${id}`;
}

test('a write through an open file after it was displaced is noticed at the release', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, 'before');
  const told = await openScanned({ root });
  const writer = fs.openSync(`${root}/f`, 'a');
  const { kept } = await told.applyOne(writeOf('f', 'before', 'synchronised'));
  expect(kept).toMatchObject({ expected: true });
  const id = kept?.id as string;
  fs.writeSync(writer, ' and more');
  fs.closeSync(writer);
  const [changed] = await told.replica.release([id]);
  expect(changed).toMatchObject({
    id,
    expected: false,
    entry: { digest: entryOf('before and more').digest },
  });
  expect(await readAll(told.replica.readKept(id))).toBe('before and more');
  expect(await told.replica.release([id])).toEqual([]);
  expect(stagingFiles(root)).toEqual([]);
});

test('a parent directory replaced by a link in the middle of a long batch is noticed', async () => {
  const outside = temporaryDirectory();
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/d`);
  const probe = (point: ProbePoint, path: string): void => {
    if (point !== 'staged' || path !== 'd/f') return;
    fs.rmdirSync(`${root}/d`);
    fs.symlinkSync(outside, `${root}/d`);
  };
  const told = await openScanned({ root, probe });
  const outcome = await told.applyOne(writeOf('d/f', null, 'x'));
  expect(outcome).toMatchObject({ result: 'missed', now: null });
  expect(fs.readdirSync(outside)).toEqual([]);
});

const lateWrites: Record<string, string> = {
  longer: 'before and more',
  'of the same size': 'beyond',
};

/** Setting the time hides a write of the moment before it from whoever goes by times and sizes. */
for (const [size, content] of Object.entries(lateWrites)) {
  test(`a write right before the time is set, ${size}, is seen`, async () => {
    const { told, root } = await intrudedWhenTimed(content);
    const attributes = { ...entryOf('before'), mtime: 1_600_000_000_000 };
    const action = { type: 'attributes', path: 'p', expect: entryOf('before'), entry: attributes };
    await told.applyOne(action as Action);
    await told.replica.drain();
    expect(told.told.get('p')).toMatchObject({ digest: entryOf(content).digest });
    expect(fs.readFileSync(`${root}/p`, 'utf8')).toBe(content);
  });

  test(`a write right before a moved file gets its time, ${size}, is seen`, async () => {
    const { told, root } = await intrudedWhenTimed(content, 'q');
    const entry = { ...entryOf('before'), mtime: 1_600_000_000_000 };
    const source = { from: 'move', path: 'p' } as const;
    await told.applyOne({ type: 'write', path: 'q', expect: null, entry, source });
    await told.replica.drain();
    expect(told.told.get('q')).toMatchObject({ digest: entryOf(content).digest });
    expect(fs.readFileSync(`${root}/q`, 'utf8')).toBe(content);
  });
}

/** A replica of one file `p`; the first time that a time is set, somebody writes to `path` just before. */
async function intrudedWhenTimed(content: string, path = 'p') {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/p`, 'before');
  const { fs: port } = faultyFs();
  const { futimesSync } = port;
  let happened = false;
  port.futimesSync = (...args) => {
    if (!happened) fs.writeFileSync(`${root}/${path}`, content);
    happened = true;
    futimesSync(...args);
  };
  return { told: await openScanned({ root, fs: port }), root };
}

test('a directory above that became a file between two actions is no failure', async () => {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/a/b`, { recursive: true });
  for (const path of ['a/x', 'a/b/p']) fs.writeFileSync(`${root}/${path}`, 'old');
  let armed = false;
  const probe = (): void => {
    if (!armed || fs.lstatSync(`${root}/a`).isFile()) return;
    fs.rmSync(`${root}/a`, { recursive: true });
    fs.writeFileSync(`${root}/a`, 'a file');
  };
  const told = await openScanned({ root, probe });
  armed = true;
  const outcomes = await told.replica.apply([removeOf('a/x', 'old'), removeOf('a/b/p', 'old')]);
  expect(outcomes[1]).toMatchObject({ path: 'a/b/p', result: 'done', now: null });
});

const onceThere: Record<string, (path: string) => Action> = {
  'a removal': (path) => ({
    type: 'remove',
    path,
    expect: { kind: 'directory', mode: 0o755 },
  }),
  attributes: (path) => ({
    type: 'attributes',
    path,
    expect: { kind: 'directory', mode: 0o755 },
    entry: { kind: 'directory', mode: 0o700 },
  }),
};

for (const [what, make] of Object.entries(onceThere)) {
  for (const gone of ['d/e', 'd']) {
    for (const inside of ['', 'known']) {
      test(`${what} of what went with ${gone}, ${inside || 'empty'}: made again at once, it is told`, async () => {
        const root = temporaryDirectory();
        fs.mkdirSync(`${root}/d/e`, { recursive: true });
        for (const path of ['d', 'd/e']) fs.chmodSync(`${root}/${path}`, 0o755);
        if (inside !== '') fs.writeFileSync(`${root}/d/e/${inside}`, 'known');
        const { replica, applyOne, told } = await openScanned({ root });
        fs.rmSync(`${root}/${gone}`, { recursive: true });
        const { now } = await applyOne(make('d/e'));
        if (now === null) told.delete('d/e');
        else told.set('d/e', now);
        fs.mkdirSync(`${root}/d/e`, { recursive: true });
        for (const path of ['d', 'd/e']) fs.chmodSync(`${root}/${path}`, 0o755);
        fs.writeFileSync(`${root}/d/e/a`, 'again');
        await replica.drain();
        expect(toldLines(told)).toEqual(diskLines(root));
      });
    }
  }
}

for (const what of ['goes', 'stays', 'stays and has something in it'])
  test(`a directory that somebody made before sync did, and that ${what}, is told`, async () => {
    const { replica, root, applyOne, told } = await openScanned();
    fs.mkdirSync(`${root}/d`);
    if (what.endsWith('in it')) fs.writeFileSync(`${root}/d/f`, 'theirs');
    const entry = { kind: 'directory', mode: 0o755 } as const;
    const { result, now } = await applyOne({ type: 'mkdir', path: 'd', expect: null, entry });
    expect(result).toBe('done');
    told.set('d', now);
    if (what === 'goes') fs.rmdirSync(`${root}/d`);
    await replica.drain();
    expect(toldLines(told)).toEqual(diskLines(root));
  });

test.each(['a removal', 'a file in its place'])(
  'a directory in which something stood only for a moment is not left over: %s',
  async (what) => {
    const faulty = faultyFs();
    const root = temporaryDirectory();
    fs.mkdirSync(`${root}/p`);
    const told = await openScanned({ root, fs: faulty.fs });
    const directory = { kind: 'directory', mode: 0o755 } as const;
    faulty.fail = (call) => (call === 'rmdirSync' ? 'ENOTEMPTY' : undefined);
    const outcome = await told.applyOne(
      what === 'a removal'
        ? { type: 'remove', path: 'p', expect: directory }
        : { ...writeOf('p', null, 'a file'), expect: directory },
    );
    expect(outcome).toMatchObject({ result: 'missed', now: directory });
    expect(outcome.leftover).toBeUndefined();
    await told.replica.close();
  },
);

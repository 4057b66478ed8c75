/** Every system call of every action is made to fail: the target stays untouched or is complete. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { Action } from './replica.ts';
import {
  entryOf,
  type FaultyFs,
  type FsCall,
  faultyFs,
  openScanned,
  readAll,
  removeOf,
  stagingFiles,
  writeOf,
} from './testing.ts';

const large = 'L'.repeat(300_000);

const actions: Record<
  string,
  { readonly action: Action; readonly before: string | null; readonly after: string | null }
> = {
  'new file': { action: writeOf('p', null, 'new'), before: null, after: 'new' },
  'file over file': { action: writeOf('p', 'old', 'new'), before: 'old', after: 'new' },
  'copy over file': {
    action: { ...writeOf('p', 'old', large), source: { from: 'copy', path: 'large' } },
    before: 'old',
    after: large,
  },
  move: {
    action: { ...writeOf('p', null, large), source: { from: 'move', path: 'large' } },
    before: null,
    after: large,
  },
  'staged over file': {
    action: { ...writeOf('p', 'old', large), source: { from: 'staged', id: 'one' } },
    before: 'old',
    after: large,
  },
  removal: { action: removeOf('p', 'old'), before: 'old', after: null },
  attributes: {
    action: {
      type: 'attributes',
      path: 'p',
      expect: entryOf('old'),
      entry: entryOf('old', { executable: true }),
    },
    before: 'old',
    after: 'old',
  },
};

/** The ways in which a call is wont to fail. */
function codesOf(call: FsCall): string[] {
  if (call === 'linkSync' || call === 'renameSync') return ['EXDEV', 'EIO', 'EACCES', 'ENOSPC'];
  if (call === 'openSync') return ['EMFILE', 'EACCES', 'ENOSPC'];
  if (call.startsWith('write') || call === 'mkdirSync' || call === 'copyFile')
    return ['ENOSPC', 'EROFS'];
  return ['EIO'];
}

interface One {
  readonly action: Action;
  readonly before: string | null;
  /** Somebody else writes in the directory. */
  readonly busy: boolean;
}

async function attempt({ action, before, busy }: One, arrange: (faulty: FaultyFs) => void) {
  const root = temporaryDirectory();
  if (before !== null) fs.writeFileSync(`${root}/p`, before);
  fs.writeFileSync(`${root}/large`, large);
  const faulty = faultyFs();
  const told = await openScanned({ root, fs: faulty.fs });
  if (action.type === 'write' && action.source.from === 'staged') {
    const content = { id: 'one', digest: action.entry.digest, size: action.entry.size, path: 'p' };
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(large);
    };
    await told.replica.stage(content, chunks());
  }
  if (busy) {
    fs.writeFileSync(`${root}/somebody`, 'else');
    await told.replica.drain();
  }
  faulty.calls.clear();
  arrange(faulty);
  const outcome = await told.applyOne(action);
  faulty.fail = undefined;
  return { root, told, outcome, faulty };
}

/** The calls that one undisturbed run makes, each with how often. */
async function callsOf(one: One): Promise<[FsCall, number][]> {
  const { faulty, outcome, told } = await attempt(one, () => {});
  expect(outcome.result).toBe('done');
  const calls = [...faulty.calls];
  await told.replica.close();
  return calls.filter(([call]) => call !== 'watch' && call !== 'accessSync');
}

for (const [name, scenario] of Object.entries(actions)) {
  for (const busy of [false, true]) {
    test(`${name}${busy ? ' in a busy directory' : ''}: whichever call fails, in whichever way`, async () => {
      const one = { ...scenario, busy };
      for (const [call, times] of await callsOf(one)) {
        for (let n = 1; n <= times; n += 1) {
          for (const code of codesOf(call)) await tryOne(name, one, call, n, code);
        }
      }
    });
  }
}

async function tryOne(
  name: string,
  one: One & { readonly after: string | null },
  call: FsCall,
  n: number,
  code: string,
): Promise<void> {
  const { root, told, outcome } = await attempt(one, (faulty) => {
    let seen = 0;
    faulty.fail = (made) => {
      if (made !== call) return undefined;
      seen += 1;
      return seen === n ? code : undefined;
    };
  });
  const what = `${name}: ${call} number ${n} fails with ${code}: ${JSON.stringify(outcome)}`;
  const there = fs.existsSync(`${root}/p`) ? fs.readFileSync(`${root}/p`, 'utf8') : null;
  expect([one.before, one.after].includes(there), what).toBe(true);
  if (outcome.result === 'done') expect(there, what).toBe(one.after);
  if (outcome.result === 'failed')
    expect(outcome.error?.code, what).toMatch(/^(NO_SPACE|IO|PERMISSION|BUSY|ROOT)$/);
  // Nothing was lost: what stood there stands there, or is kept.
  const kept =
    outcome.kept === undefined ? undefined : await readAll(told.replica.readKept(outcome.kept.id));
  if (one.before !== null && one.after !== one.before)
    expect([there, kept], what).toContain(one.before);
  const source = fs.existsSync(`${root}/large`) ? fs.readFileSync(`${root}/large`, 'utf8') : null;
  expect([source, there], what).toContain(large);
  const others = await told.replica.takeLeft();
  const keptHere = outcome.kept === undefined ? [] : [outcome.kept];
  await told.replica.release([...others, ...keptHere].map(({ id }) => id));
  await told.replica.unstage('one');
  // A removal of a staged file may itself be what failed; the area is removed as a whole later.
  if (call !== 'unlinkSync') expect(stagingFiles(root), what).toEqual([]);
  await told.replica.drain();
  await told.replica.close();
  const left = fs.readdirSync(root).filter((file) => file.startsWith('.cai-'));
  if (call !== 'unlinkSync') expect(left, what).toEqual([]);
}

test('staging fails cleanly when the disk is full', async () => {
  const faulty = faultyFs();
  const told = await openScanned({ fs: faulty.fs });
  faulty.fail = (call) => (call === 'write' ? 'ENOSPC' : undefined);
  const { digest, size } = entryOf(large);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(large);
  };
  const staging = told.replica.stage({ id: 'one', digest, size, path: 'p' }, chunks());
  await expect(staging).rejects.toMatchObject({ code: 'NO_SPACE', path: 'p' });
  expect(stagingFiles(told.root)).toEqual([]);
});

test('a directory on another file system is served from beside its files', async () => {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/mount`);
  fs.writeFileSync(`${root}/mount/f`, 'old');
  fs.writeFileSync(`${root}/mount/g`, 'gone');
  const faulty = faultyFs();
  const told = await openScanned({ root, fs: faulty.fs });
  faulty.fail = (call, path) => {
    const crosses = path.includes('/mount/') && path.includes('.cai-stage-');
    return crosses && (call === 'linkSync' || call === 'renameSync') ? 'EXDEV' : undefined;
  };
  const { digest, size } = entryOf(large);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(large);
  };
  await told.replica.stage({ id: 'one', digest, size, path: 'mount/large' }, chunks());
  const outcomes = await told.replica.apply([
    writeOf('mount/f', 'old', 'new'),
    writeOf('mount/n', null, 'new'),
    removeOf('mount/g', 'gone'),
    { type: 'link', path: 'mount/l', expect: null, entry: { kind: 'link', target: 'f' } },
    { ...writeOf('mount/large', null, large), source: { from: 'staged', id: 'one' } },
  ]);
  expect(outcomes.map(({ result }) => result)).toEqual(Array(5).fill('done'));
  expect(await readAll(told.replica.readKept(outcomes[0]?.kept?.id as string))).toBe('old');
  expect(await readAll(told.replica.readKept(outcomes[2]?.kept?.id as string))).toBe('gone');
  await told.replica.release(outcomes.flatMap(({ kept }) => (kept ? [kept.id] : [])));
  expect(fs.readdirSync(`${root}/mount`).sort()).toEqual(['f', 'l', 'large', 'n']);
  expect(stagingFiles(root)).toEqual([]);
});

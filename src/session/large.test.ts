/**
 * Large contents by rsync, between two directories of this machine: real processes on both sides, and
 * stand-ins for one of them that are missing, old, killed or hostile. Whatever becomes of rsync, both
 * sides are the same in the end.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { SessionEvent } from '../control/api.ts';
import { faultyFs } from '../replica/testing.ts';
import { type Pair, type PairInput, startPair } from './testing.ts';

const mib = 1024 * 1024;
const size = 9 * mib;

/** A pair that has the same large file on both sides. */
async function largePair(options: PairInput['options'] = {}): Promise<Pair & { content: Buffer }> {
  const content = randomBytes(size);
  const pair = await startPair({
    options,
    fill: (local, container) => {
      for (const root of [local, container]) {
        writeFileSync(join(root, 'image.raw'), content);
        utimesSync(join(root, 'image.raw'), 1e9, 1e9);
      }
    },
  });
  await pair.same();
  await waitFor(() => expect(pair.session.status().transferEngine).toBeDefined(), {
    what: 'the engine',
    deadline: 10_000,
    every: 20,
  });
  return { ...pair, content };
}

/** Other bytes in the middle of the file, on one side. */
function edit({ content }: { readonly content: Buffer }, root: string, bytes = mib / 4): void {
  randomBytes(bytes).copy(content, 4 * mib);
  writeFileSync(join(root, 'image.raw'), content);
}

/** Puts an executable named rsync before all others; `$REAL` is the real one. */
function standIn(script: string): string {
  const directory = temporaryDirectory();
  const before = process.env.PATH ?? '';
  const real = before
    .split(':')
    .map((place) => join(place, 'rsync'))
    .find(existsSync);
  writeFileSync(join(directory, 'rsync'), `#!/bin/sh\nREAL=${real}\n${script}\n`);
  chmodSync(join(directory, 'rsync'), 0o755);
  process.env.PATH = `${directory}:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  return directory;
}

function notices(events: readonly SessionEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
}

/** Three large files that travel one after the other; the first is on its way. */
async function threeInTurn(input: PairInput = {}): Promise<Pair & { names: readonly string[] }> {
  const pair = await startPair({ ...input, options: { transfersAtOnce: 1, bandwidth: 4 * mib } });
  await pair.same();
  const names = ['a', 'b', 'c'];
  for (const name of names) writeFileSync(join(pair.local, name), randomBytes(2 * mib));
  const isUnderWay = () => pair.session.status().progress !== undefined;
  await waitFor(isUnderWay, { what: 'the start of the first' });
  return { ...pair, names };
}

test('large files that go before their turn comes are no problem', async () => {
  const pair = await threeInTurn();
  for (const name of pair.names) rmSync(join(pair.local, name));
  await pair.same();
  expect(pair.events.filter(({ type }) => type === 'problem')).toEqual([]);
});

test('a large file that could not be read is no problem any more when it is known to be gone', async () => {
  const faulty = faultyFs();
  const pair = await threeInTurn({ fs: { local: faulty.fs } });
  faulty.fail = (call, path) =>
    call === 'openSync' && /local.[abc]$/.test(path) ? 'EIO' : undefined;
  for (const name of pair.names) rmSync(join(pair.local, name));
  await pair.same();
  expect(pair.session.status().problems).toEqual([]);
});

/** Nothing is left of intakes, and no process either. */
function expectTidy(pair: Pair): void {
  for (const root of [pair.local, pair.container])
    for (const area of readdirSync(root).filter((name) => name.startsWith('.cai-stage-')))
      expect(readdirSync(join(root, area)).filter((name) => name.startsWith('new-'))).toEqual([]);
}

describeNeeding(['rsync', 'linux'], 'large files by rsync', () => {
  test('only what changed travels, in both directions', async () => {
    const pair = await largePair();
    for (const root of [pair.local, pair.container]) {
      edit(pair, root);
      await pair.same();
      expect(readFileSync(join(pair.container, 'image.raw')).equals(pair.content)).toBe(true);
    }
    const engine = pair.session.status().transferEngine;
    expect(engine).toMatchObject({ engine: 'rsync', carried: { files: 2, bytes: 2 * size } });
    // Each way what is new; and from the far side, for the history, what was old.
    expect(engine?.carried.linkBytes).toBeLessThan(3 * (mib / 4) + mib / 4);
    expect(notices(pair.events)).toEqual([]);
    expectTidy(pair);
  });

  test('many at once, with their modes, times and names', async () => {
    const pair = await startPair();
    const names = ['a b', '-n', "it's", '# no comment', 'new\nline', '*', 'ä/ö', '[x]/{y}'];
    for (const [at, root] of [pair.local, pair.container].entries()) {
      const outside = join(root, '..', 'outside');
      for (let n = 0; n < 160; n += 1) {
        const path = join(outside, `${names[n % names.length]} ${n}`);
        mkdirSync(join(path, '..'), { recursive: true });
        writeFileSync(path, randomBytes(66_000 + n));
        chmodSync(path, n % 3 === 0 ? 0o755 : 0o644);
        utimesSync(path, 1e9 + n, 1e9 + n);
      }
      renameSync(outside, join(root, `from ${at}`));
      await pair.same();
    }
    expect(notices(pair.events)).toEqual([]);
    // They may be seen in two parts, of which one is large enough.
    expect(pair.session.status().transferEngine?.carried.files).toBeGreaterThanOrEqual(64);
    expectTidy(pair);
  });

  test('what changes above a file on its way is carried over when it has arrived', async () => {
    const pair = await startPair({ options: { modes: 'full', rsync: 'off', bandwidth: 8 * mib } });
    mkdirSync(join(pair.local, 'd'));
    await pair.same();
    writeFileSync(join(pair.local, 'd/large'), randomBytes(size));
    await waitFor(() => pair.session.status().state === 'syncing', { what: 'the transfer' });
    chmodSync(join(pair.local, 'd'), 0o700);
    await waitFor(() => pair.session.status().pending === 2, { what: 'both changes' });
    expect(existsSync(join(pair.container, 'd/large'))).toBe(false);
    await pair.same();
    expect(statSync(join(pair.container, 'd')).mode & 0o777).toBe(0o700);
    expect(pair.session.status().pending).toBe(0);
  });

  test('rsync is not there, switched off, or too old: streams do it, and status says why', async () => {
    const off = await largePair({ rsync: 'off' });
    edit(off, off.local);
    await off.same();
    expect(off.session.status().transferEngine).toMatchObject({
      engine: 'plain',
      why: 'switched off',
      carried: { files: 0 },
    });
    standIn('echo "rsync  version 3.1.3  protocol version 31"');
    const old = await largePair();
    edit(old, old.container);
    await old.same();
    expect(old.session.status().transferEngine).toMatchObject({
      engine: 'plain',
      why: expect.stringContaining("host's rsync 3.1.3 lacks the security fixes"),
    });
    process.env.PATH = temporaryDirectory();
    const none = await largePair();
    edit(none, none.local);
    await none.same();
    expect(none.session.status().transferEngine).toMatchObject({
      engine: 'plain',
      why: 'on the host, rsync is not installed',
    });
  });

  test('killed in the middle: the file arrives all the same', async () => {
    for (const victim of ['client', 'server']) {
      // It says its number, then is the real one.
      const seen = temporaryDirectory();
      standIn(
        `case "$1" in --version) ;; --server) echo $$ > ${seen}/server ;; *) echo $$ > ${seen}/client ;; esac
exec $REAL "$@"`,
      );
      const pair = await largePair({ bandwidth: 6 * mib });
      edit(pair, pair.local, mib);
      const pid = await waitFor(() => Number(readFileSync(join(seen, victim), 'utf8')) || fail(), {
        what: victim,
        deadline: 10_000,
        every: 5,
      });
      process.kill(pid, 'SIGKILL');
      await pair.same();
      expect(notices(pair.events).join()).toMatch(/rsync.*goes the plain way/);
      expectTidy(pair);
      await pair.stop();
    }
  });

  test('after three failures rsync has a rest', async () => {
    standIn('case "$1" in --version) exec $REAL "$@" ;; esac\necho "no, no" >&2\nexit 12');
    const pair = await largePair();
    for (let round = 0; round < 3; round += 1) {
      edit(pair, pair.container);
      await pair.same();
    }
    expect(pair.session.status().transferEngine).toMatchObject({
      engine: 'plain',
      why: 'rsync failed: no, no',
      carried: { files: 0 },
    });
    expect(pair.session.status().problems).toEqual([]);
  });

  test('what is edited again while rsync’s rest goes the plain way travels once', async () => {
    standIn('case "$1" in --version) exec $REAL "$@" ;; esac\nexit 12');
    const counted = faultyFs();
    const staged = new Set<string>();
    counted.fail = (call, path) => {
      if (call === 'openSync' && path.includes('/new-')) staged.add(path);
      return undefined;
    };
    const pair = await startPair({
      options: { bandwidth: 5 * mib },
      fs: { container: counted.fs },
    });
    await pair.same();
    await waitFor(() => pair.session.status().transferEngine?.engine === 'rsync');
    const count = 80;
    const outside = join(pair.local, '..', 'outside');
    mkdirSync(outside);
    for (let n = 0; n < count; n += 1) writeFileSync(join(outside, `${n}`), randomBytes(70_000));
    renameSync(outside, join(pair.local, 'd'));
    const first = await waitFor(() => readdirSync(join(pair.container, 'd'))[0]);
    writeFileSync(join(pair.local, 'd', first), randomBytes(12 * mib));
    await pair.same();
    // Received under one name, made ready under another.
    expect(staged.size).toBe(2 * (count + 1));
    expectTidy(pair);
  });
});

function fail(): never {
  throw new Error('not yet');
}

describeNeeding(['rsync', 'linux'], 'a hostile rsync on the far side', () => {
  const onServer = (deed: string) => `case "$1" in --server) ${deed} ;; *) exec $REAL "$@" ;; esac`;

  /** The container's edit arrives as it is, whatever its rsync does; nothing else does. */
  async function expectHarmless(deed: string): Promise<Pair> {
    standIn(onServer(deed));
    const pair = await largePair();
    edit(pair, pair.container);
    await pair.same();
    expect(readdirSync(pair.local).filter((name) => !name.startsWith('.cai-'))).toEqual([
      'image.raw',
    ]);
    expect(readFileSync(join(pair.local, 'image.raw')).equals(pair.content)).toBe(true);
    expect(pair.session.status().problems).toEqual([]);
    expect(pair.session.status().transferEngine?.carried.files).toBe(0);
    expectTidy(pair);
    return pair;
  }

  test('sends other bytes under the right name', async () => {
    const evil = temporaryDirectory();
    writeFileSync(join(evil, 'image.raw'), randomBytes(size));
    await expectHarmless(`cd ${evil} && exec $REAL "$@"`);
  });

  test('sends more than was asked for', async () => {
    const evil = temporaryDirectory();
    writeFileSync(join(evil, 'image.raw'), randomBytes(4 * size));
    const pair = await expectHarmless(`cd ${evil} && exec $REAL "$@"`);
    expect(notices(pair.events)).not.toEqual([]);
  });

  test('sends a whole tree that nobody asked for', async () => {
    const evil = temporaryDirectory();
    mkdirSync(join(evil, 'sub'));
    for (const name of ['image.raw', 'other', 'sub/third'])
      writeFileSync(join(evil, name), randomBytes(1000));
    await expectHarmless(`cd ${evil}; exec $REAL --server --sender -IrlRe.LsfxCIvu . ./`);
  });

  test('speaks without end, or not at all', async () => {
    await expectHarmless('exec cat /dev/zero');
    await expectHarmless('exec cat /dev/urandom');
    await expectHarmless('exit 0');
  });
});

/** A replica through a link: what goes in at the agent comes out at the session, in the right order. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { CaiError } from '../errors.ts';
import { serveReplica } from '../replica/agent-calls.ts';
import { createEventSender } from '../replica/agent-events.ts';
import { openRemoteReplica } from '../replica/remote.ts';
import type {
  Action,
  Kept,
  Observation,
  Outcome,
  Replica,
  ReplicaEvent,
} from '../replica/replica.ts';
import type { FileEntry } from '../tree/entry.ts';
import { parentPath } from '../tree/path.ts';
import { later, openPair, type Pair } from './pair.fixture.ts';
import { digestOf, fakeReplica, someFile, someObservation, somePath } from './replica.fixture.ts';

const open: Pair[] = [];

async function connect(given: Partial<Replica> = {}): Promise<{ remote: Replica; near: Replica }> {
  const near = fakeReplica(given);
  const { handlers } = serveReplica(near);
  const pair = await openPair({ handlers, welcome: near.info });
  open.push(pair);
  near.onEvent = createEventSender(pair.server.events);
  const remote = await openRemoteReplica({
    peer: pair.client,
    welcome: pair.welcome,
    clockSkew: 5,
    roundTrip: 1,
  });
  return { remote, near };
}

afterEach(async () => {
  for (const { client } of open.splice(0)) await client.close();
});

function plainRow({ path, look, bytes }: Observation): unknown {
  return { path, look, bytes: bytes && [...bytes] };
}

/** Adds the directories that each row stands in, before it. */
function withParents(rows: readonly Observation[]): Observation[] {
  const told = new Set<string>(['']);
  const all: Observation[] = [];
  const tell = (path: string): void => {
    if (told.has(path)) return;
    tell(parentPath(path));
    told.add(path);
    all.push({ path, look: { kind: 'directory', mode: 0o755 } });
  };
  for (const row of rows) {
    tell(parentPath(row.path));
    if (!told.has(row.path)) all.push(row);
    if (row.look?.kind === 'directory') told.add(row.path);
  }
  return all;
}

function file(text: string): { entry: FileEntry; bytes: Buffer } {
  const bytes = Buffer.from(text);
  const entry = { size: bytes.length, executable: false, mode: 0o644, mtime: 1.5 };
  return { bytes, entry: { kind: 'file', digest: digestOf(bytes), ...entry } };
}

describe('a replica through a link', () => {
  it('has the info of the far one, with what the host measured', async () => {
    const left: Kept = { id: 'k1', path: 'a', entry: file('a').entry, expected: false };
    const { remote, near } = await connect({ takeLeft: async () => [left] });
    expect(remote.info).toEqual({ ...near.info, clockSkew: 5, roundTrip: 1 });
    expect(await remote.takeLeft()).toEqual([left]);
  });

  it('tells every row of a scan as it was', async () => {
    const rows = fc.array(someObservation, { maxLength: 60 }).map(withParents);
    await fc.assert(
      fc.asyncProperty(rows, fc.array(somePath), async (given, secrets) => {
        const summary = { files: given.length, directories: 1, bytes: 7, secrets };
        const { remote } = await connect({
          async scan({ onRows }) {
            for (const row of given) await onRows([row]);
            return summary;
          },
        });
        const seen: Observation[] = [];
        const result = await remote.scan({ onRows: (batch) => void seen.push(...batch) });
        expect(seen.map(plainRow)).toEqual(given.map(plainRow));
        expect(result).toEqual(summary);
      }),
      { numRuns: 40 },
    );
  });

  it('tells in a scan what is gone, with the directory that it was in', async () => {
    const rows: Observation[] = ['gone/below/f', 'gone/below', 'gone'].map((path) => ({
      path,
      look: null,
    }));
    const { remote } = await connect({
      async scan({ onRows }) {
        await onRows(rows);
        return { files: 0, directories: 0, bytes: 0, secrets: [] };
      },
    });
    const seen: Observation[] = [];
    await remote.scan({ onRows: (batch) => void seen.push(...batch) });
    expect(seen.map(plainRow)).toEqual(rows.map(plainRow));
  });

  it('waits with the scan while the session is busy', async () => {
    const bytes = Buffer.alloc(60_000, 1);
    const look = { ...file('').entry, digest: digestOf(bytes), size: bytes.length };
    let made = 0;
    const { remote } = await connect({
      async scan({ onRows }) {
        for (; made < 500; made += 1) await onRows([{ path: `f${made}`, look, bytes }]);
        return { files: made, directories: 0, bytes: 0, secrets: [] };
      },
    });
    const gate = later();
    let batches = 0;
    const scan = remote.scan({
      onRows: () => {
        batches += 1;
        return gate.promise;
      },
    });
    await waitFor(() => batches === 1, { deadline: 2000 });
    await remote.flush();
    expect(batches).toBe(1);
    // One piece with the session, one that fills up, and what a batch adds.
    expect(made * bytes.length).toBeLessThan(4_000_000);
    gate.resolve();
    expect((await scan).files).toBe(500);
  });

  it('gives a scan up when the session does, and the session learns its own error', async () => {
    const aborted = later();
    const { remote } = await connect({
      async scan({ onRows, signal }) {
        signal?.addEventListener('abort', () => aborted.resolve());
        for (let n = 0; ; n += 1) await onRows([{ path: `f${n}`, look: file('').entry }]);
      },
    });
    const scan = remote.scan({
      onRows: () => {
        throw new Error('session');
      },
    });
    await expect(scan).rejects.toThrow('session');
    await aborted.promise;
  });

  it('carries actions there and outcomes back, in their order', async () => {
    const entries = fc.array(fc.tuple(somePath, someFile), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(entries, async (files) => {
        const actions = files.map(
          ([path, { entry, bytes }], index): Action =>
            index % 3 === 0
              ? { type: 'remove', path, expect: entry }
              : { type: 'write', path, expect: null, entry, source: { from: 'bytes', bytes } },
        );
        const outcomes = actions.map(
          (action, index): Outcome => ({
            path: action.path,
            result: action.type === 'remove' ? 'done' : 'missed',
            now: action.type === 'remove' ? null : action.entry,
            ...(action.type === 'remove' && action.expect.kind === 'file'
              ? {
                  kept: {
                    id: `k-${index}`,
                    path: action.path,
                    entry: action.expect,
                    expected: true,
                  },
                }
              : { leftover: ['a b'] }),
          }),
        );
        let got: readonly Action[] = [];
        const { remote } = await connect({
          async apply(list) {
            got = list;
            return outcomes;
          },
        });
        expect(await remote.apply(actions)).toEqual(outcomes);
        const plain = (list: readonly Action[]) =>
          list.map((one) =>
            one.type === 'write' && one.source.from === 'bytes'
              ? { ...one, source: [...one.source.bytes] }
              : one,
          );
        expect(plain(got)).toEqual(plain(actions));
      }),
      { numRuns: 30 },
    );
  });

  it('cuts large batches, and puts them together again', async () => {
    const bytes = Buffer.alloc(64 * 1024, 3);
    const entry = { ...file('').entry, digest: digestOf(bytes), size: bytes.length };
    const calls: number[] = [];
    const { remote } = await connect({
      async apply(list) {
        calls.push(list.length);
        return list.map(({ path }) => ({ path, result: 'done', now: entry }));
      },
      readSmall: async (files) => files.map(() => ({ ok: true, bytes })),
    });
    const actions = Array.from({ length: 200 }, (_, n): Action => {
      return {
        type: 'write',
        path: `f${n}`,
        expect: null,
        entry,
        source: { from: 'bytes', bytes },
      };
    });
    const outcomes = await remote.apply(actions);
    expect(outcomes.map(({ path }) => path)).toEqual(actions.map(({ path }) => path));
    expect(calls.length).toBeGreaterThan(5);
    const asked = actions.map(({ path }) => ({ path, digest: entry.digest }));
    const results = await remote.readSmall(asked);
    expect(results).toHaveLength(200);
    expect(results.every((result) => result.ok && result.bytes.length === bytes.length)).toBe(true);
  });

  it('reads and stages streams', async () => {
    const content = Buffer.alloc(3_000_001, 9);
    const digest = digestOf(content);
    let staged = Buffer.alloc(0);
    const { remote } = await connect({
      async *read() {
        for (let at = 0; at < content.length; at += 100_000) {
          yield content.subarray(at, at + 100_000);
        }
      },
      async stage(_content, chunks) {
        for await (const chunk of chunks) staged = Buffer.concat([staged, chunk]);
      },
    });
    const large = { path: 'large', digest, size: content.length };
    const chunks: Uint8Array[] = [];
    for await (const chunk of remote.read(large)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    await remote.stage({ id: 's1', ...large }, remote.read(large));
    expect(staged.equals(content)).toBe(true);
  });

  it('passes on errors as they are', async () => {
    const { remote } = await connect({
      flush: () => Promise.reject(new CaiError('NO_SPACE', 'full')),
      readSmall: async () => [{ ok: false, error: { code: 'BUSY', message: 'changed' } }],
    });
    await expect(remote.flush()).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await remote.readSmall([{ path: 'a', digest: digestOf(Buffer.of()) }])).toEqual([
      { ok: false, error: { code: 'BUSY', message: 'changed' } },
    ]);
  });
});

describe('events through a link', () => {
  it('are told before the drain that they belong to resolves', async () => {
    const change = { path: 'a', look: file('a').entry, bytes: file('a').bytes };
    const { remote, near } = await connect({
      async drain() {
        near.onEvent({ type: 'changes', changes: [change] });
      },
    });
    const seen: ReplicaEvent[] = [];
    remote.onEvent = (event) => seen.push(event);
    await remote.drain();
    expect(seen.map((event) => event.type === 'changes' && event.changes.map(plainRow))).toEqual([
      [plainRow(change)],
    ]);
  });

  it('are told in the order in which they and the outcomes came about', async () => {
    const tell = (path: string): void =>
      near.onEvent({ type: 'changes', changes: [{ path, look: null }] });
    const { remote, near } = await connect({
      async apply(actions) {
        const path = actions[0]?.path ?? '';
        tell(`before ${path}`);
        setImmediate(() => tell(`after ${path}`));
        return actions.map((action) => ({ path: action.path, result: 'done', now: null }));
      },
    });
    const order: string[] = [];
    remote.onEvent = (event) => {
      if (event.type === 'changes') order.push(event.changes[0]?.path ?? '');
    };
    // Several at once: what is told between two answers is acted on between them.
    const { entry } = file('a');
    const names = ['1', '2', '3'];
    const acting = names.map(async (path) => {
      await remote.apply([{ type: 'remove', path, expect: entry }]);
      order.push(`outcome ${path}`);
    });
    await Promise.all(acting);
    await waitFor(() => order.length === 9, { deadline: 2000 });
    for (const name of names) {
      const places = ['before', 'outcome', 'after'].map((what) => order.indexOf(`${what} ${name}`));
      expect(places, order.join(', ')).toEqual(places.toSorted((a, b) => a - b));
    }
    expect(order.filter((what) => what.startsWith('outcome'))).toEqual(
      names.map((n) => `outcome ${n}`),
    );
  });

  it('of one batch stay one, however large it is', async () => {
    const { remote, near } = await connect();
    const changes = Array.from({ length: 30_000 }, (_, n) => ({
      path: `directory/${'x'.repeat(80)}/${n}`,
      look: file(`${n}`).entry,
    }));
    const seen: ReplicaEvent[] = [];
    remote.onEvent = (event) => seen.push(event);
    near.onEvent({ type: 'changes', changes });
    await waitFor(() => seen.length > 0, { deadline: 5000 });
    expect(seen).toEqual([{ type: 'changes', changes }]);
  });

  it('that do not fit become a wish for a scan; those after it come through', async () => {
    const { remote, near } = await connect();
    const bytes = Buffer.alloc(1_000_000, 5);
    const look = { ...file('').entry, digest: digestOf(bytes), size: bytes.length };
    const changes = [1, 2, 3].map((n) => ({ path: `f${n}`, look, bytes }));
    const seen: ReplicaEvent[] = [];
    const gate = later();
    // A session may take its time; the contract lets it answer with a promise only here.
    remote.onEvent = ((event: ReplicaEvent) => {
      seen.push(event);
      return gate.promise;
    }) as Replica['onEvent'];
    for (let n = 0; n < 30; n += 1) near.onEvent({ type: 'changes', changes });
    gate.resolve();
    await waitFor(() => seen.some((event) => event.type === 'rescan-needed'), { deadline: 5000 });
    near.onEvent({ type: 'root-lost', reason: 'missing' });
    await waitFor(() => seen.at(-1)?.type === 'root-lost', { deadline: 5000 });
    expect(seen.length).toBeLessThan(30);
  });
});

/** An agent that lies: the link closes with PROTOCOL and a reason, and nothing is thrown past it (invariant 7). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRemoteReplica } from '../replica/remote.ts';
import type { Action, Replica } from '../replica/replica.ts';
import { Client, eventWindow } from './client.ts';
import { acceptLink, openLink } from './handshake.ts';
import { createTransportPair } from './in-process.ts';
import type { Message } from './messages.ts';
import { quiet } from './pair.fixture.ts';
import { digestOf, fakeReplica } from './replica.fixture.ts';
import type { Transport } from './transport.ts';

type Call = Extract<Message, { t: 'call' }>;

interface Line {
  send(json: unknown, bytes?: Uint8Array): void;
  raw(bytes: Uint8Array): void;
}

type Behaviour = (call: Call, line: Line) => void;

const goodInfo = fakeReplica().info;

/** A host with an agent that answers calls as it likes. */
async function withLiar(behave: Behaviour, welcome: unknown = goodInfo): Promise<Replica> {
  const [transport, far] = createTransportPair();
  const line: Line = {
    send: (json, bytes) => void connection.send(json as Message, bytes),
    raw: (bytes) => void far.output.write(bytes),
  };
  const connection = acceptLink({
    transport: far,
    leftover: Buffer.alloc(0),
    heartbeat: quiet,
    async onHello() {
      connection.onMessage = (message) => {
        if (message.t !== 'call') return false;
        behave(message, line);
        return false;
      };
      return welcome;
    },
  });
  return connectHost(transport);
}

async function connectHost(transport: Transport): Promise<Replica> {
  const opened = await openLink({ transport, hello: null, helloMs: 5000, heartbeat: quiet });
  const peer = new Client(opened.connection);
  const input = { peer, welcome: opened.welcome, clockSkew: 0, roundTrip: 0 };
  return openRemoteReplica(input);
}

const text = Buffer.from('text');
const digest = digestOf(text);
const fileRow = (path: string, ...more: unknown[]) => [path, 'f', digest, 4, 0o644, 1.5, ...more];
const entry = { kind: 'file', digest, size: 4, executable: false, mode: 0o644, mtime: 1 } as const;
const remove: Action = { type: 'remove', path: 'a', expect: entry };
const goodOutcome = { path: 'a', result: 'done', now: ['n'] };
const kept = (id: unknown, path: unknown) => [id, path, ['f', digest, 4, 0o644, 1], true];

const part = (data: unknown, bytes?: Uint8Array): Behaviour => {
  return ({ id }, line) => line.send({ t: 'part', id, data }, bytes);
};
const rows = (list: unknown, bytes?: Uint8Array): Behaviour =>
  part({ rows: list, files: 0, bytes: 0 }, bytes);
const event = (data: unknown, bytes?: Uint8Array): Behaviour => {
  return (_call, line) => line.send({ t: 'event', data }, bytes);
};
const answer = (json: object, bytes?: Uint8Array): Behaviour => {
  return ({ id }, line) => line.send({ id, ...json }, bytes);
};
const outcomes = (...list: unknown[]): Behaviour => {
  return ({ id }, line) => {
    line.send({ t: 'part', id, data: list });
    // The end of the answer may come only after the piece was taken; a liar does not wait.
    setImmediate(() => setImmediate(() => line.send({ t: 'done', id, data: null })));
  };
};

const scan = (replica: Replica) => replica.scan({ onRows: () => {} });
const apply = (replica: Replica) => replica.apply([remove]);
const readSmall = (replica: Replica) => replica.readSmall([{ path: 'a', digest }]);
const read = async (replica: Replica) => {
  for await (const _chunk of replica.read({ path: 'a', digest, size: 4 }));
};

type Use = (replica: Replica) => Promise<unknown>;

const lies: readonly [string, Use, Behaviour][] = [
  ['a path that leaves the root', scan, rows([['../etc', 'd', 0o755]])],
  ['an absolute path', scan, rows([['/etc', 'd', 0o755]])],
  ['the root itself', scan, rows([['', 'd', 0o755]])],
  ['a path with a NUL', scan, rows([['a\0b', 'd', 0o755]])],
  ['a path of no text', scan, rows([[17, 'd', 0o755]])],
  ['a name that is too long', scan, rows([['x'.repeat(256), 'd', 0o755]])],
  ['a link out of the root', scan, rows([['a', 'l', '../../etc/passwd']])],
  ['an absolute link', scan, rows([['a', 'l', '/etc/passwd']])],
  ['set-user-id', scan, rows([['a', 'f', digest, 4, 0o4755, 1]])],
  ['a directory with a sticky bit', scan, rows([['a', 'd', 0o1777]])],
  ['a negative size', scan, rows([['a', 'f', digest, -1, 0o644, 1]])],
  ['a size beyond all numbers', scan, rows([['a', 'f', digest, 1e300, 0o644, 1]])],
  ['a time that is no number', scan, rows([['a', 'f', digest, 4, 0o644, null]])],
  ['a time beyond all dates', scan, rows([['a', 'f', digest, 4, 0o644, 1e20]])],
  ['a digest that is none', scan, rows([['a', 'f', '../../x', 4, 0o644, 1]])],
  ['an entry of no kind', scan, rows([['a', 'constructor']])],
  ['a row that is no list', scan, rows([{ path: 'a' }])],
  ['rows that are no list', scan, rows({ length: 3 })],
  ['no rows', scan, part({})],
  ['an entry before its directory', scan, rows([fileRow('a/b')])],
  ['an entry in a file', scan, rows([fileRow('a'), fileRow('a/b')])],
  ['a content of another digest', scan, rows([fileRow('a', 4)], Buffer.from('lies'))],
  ['a content of another size', scan, rows([fileRow('a', 3)], Buffer.from('tex'))],
  ['more content than is there', scan, rows([fileRow('a', 4)], Buffer.from('te'))],
  ['content for nobody', scan, rows([fileRow('a')], text)],
  ['a summary that is none', scan, answer({ t: 'done', data: { files: 'many' } })],
  ['a secret outside of the root', scan, part({ secrets: ['../.env'] })],
  ['two pieces at once', (r) => r.scan({ onRows: () => new Promise(() => {}) }), twoPieces],
  ['an outcome of another path', apply, outcomes({ ...goodOutcome, path: 'b' })],
  ['more outcomes than actions', apply, outcomes(goodOutcome, goodOutcome)],
  ['fewer outcomes than actions', apply, answer({ t: 'done', data: null })],
  ['an outcome of no kind', apply, outcomes({ ...goodOutcome, result: 'maybe' })],
  ['a kept file of another path', apply, outcomes({ ...goodOutcome, kept: kept('k', 'b') })],
  ['a kept id that is a path', apply, outcomes({ ...goodOutcome, kept: kept('../k', 'a') })],
  ['an error of no code', apply, outcomes({ ...goodOutcome, error: ['toString', 'x'] })],
  ['leftovers that are no names', apply, outcomes({ ...goodOutcome, leftover: [{}] })],
  ['another content than was asked for', readSmall, part([[4]], Buffer.from('lies'))],
  ['contents nobody asked for', readSmall, part([[4], [4]], Buffer.from('texttext'))],
  ['no contents', readSmall, answer({ t: 'done', data: null })],
  ['another file than was asked for', read, streamOf('lies')],
  ['a file that is longer', read, streamOf('text and more')],
  ['a file that is shorter', read, streamOf('tex')],
  ['a kept file that was not released', (r) => r.release(['k']), outcomes(kept('other', 'a'))],
  ['a kept file twice', (r) => r.release(['k']), outcomes(kept('k', 'a'), kept('k', 'a'))],
  ['an event of no type', drain, event({ type: 'reboot' })],
  ['an event that is no object', drain, event('changes')],
  ['a change outside of the root', drain, event(changes(['../a', 'n']))],
  ['an answer to no call', drain, answer({ t: 'done', id: 99, data: null })],
  ['a call to the host', drain, answer({ t: 'call', method: 'apply', data: [] })],
  ['a message of no type', drain, answer({ t: '__proto__' })],
  ['a message without a type', drain, answer({})],
  ['an error without words', drain, answer({ t: 'error', error: { code: 'IO' } })],
  ['a negative credit', drain, answer({ t: 'credit', bytes: -5 })],
  ['bytes where none belong', drain, answer({ t: 'ack' }, text)],
  ['a second welcome', drain, answer({ t: 'welcome', protocol: 1, data: null })],
  ['noise', drain, (_call, line) => line.raw(Buffer.alloc(50, 0xff))],
  ['a message twice', drain, ({ id }, line) => line.raw(Buffer.concat(twice(id)))],
];

/** A frame of any text, numbered as the one behind the welcome and five pongs. */
function rawFrame(json: string): Buffer {
  const head = Buffer.alloc(12);
  for (const [index, value] of [8 + json.length, json.length, 6].entries())
    head.writeUInt32BE(value, index * 4);
  return Buffer.concat([head, Buffer.from(json)]);
}

function twice(id: number): Buffer[] {
  const frame = rawFrame(JSON.stringify({ t: 'credit', id, bytes: 1 }));
  return [frame, frame];
}

function drain(replica: Replica): Promise<unknown> {
  return replica.drain();
}

function changes(...list: unknown[]): unknown {
  return { type: 'changes', changes: list, more: false };
}

function twoPieces(call: Call, line: Line): void {
  rows([fileRow('a')])(call, line);
  rows([fileRow('b')])(call, line);
}

function streamOf(content: string): Behaviour {
  return ({ id }, line) => {
    line.send({ t: 'chunk', id }, Buffer.from(content));
    line.send({ t: 'done', id, data: null });
  };
}

describe('a lie closes the link:', () => {
  it.each(lies)('%s', async (_name, use, behave) => {
    const replica = await withLiar(behave);
    await expect(use(replica)).rejects.toMatchObject({ code: 'PROTOCOL' });
    const reason = await replica.closed;
    expect(reason).toMatchObject({ code: 'PROTOCOL' });
    expect(reason?.message).toMatch(/^The far side sent .{5,}\.$/);
  });

  it.each([
    ['{', 'that is not JSON'],
    ['null', 'that is no object'],
  ])('a message %s', async (json, reason) => {
    const replica = await withLiar((_call, line) => line.raw(rawFrame(json)));
    await expect(replica.drain()).rejects.toThrow(reason);
  });

  it.each([
    ['nothing', null],
    ['no identity', { ...goodInfo, identity: undefined }],
    ['a root that is not absolute', { ...goodInfo, root: '../x' }],
    ['a user that is none', { ...goodInfo, uid: 'root' }],
  ])('a welcome with %s', async (_name, welcome) => {
    await expect(withLiar(() => {}, welcome)).rejects.toMatchObject({ code: 'PROTOCOL' });
  });
});

describe('an agent without measure', () => {
  it('cannot send more events than the window', async () => {
    const replica = await withLiar((_call, line) => {
      const bytes = Buffer.alloc(1_000_000, 1);
      const row = ['a', 'f', digestOf(bytes), bytes.length, 0o644, 1, bytes.length];
      const data = { type: 'changes', changes: [row], more: true };
      for (let sent = 0; sent < 2 * eventWindow; sent += bytes.length) {
        line.send({ t: 'event', data }, bytes);
      }
    });
    await expect(replica.drain()).rejects.toMatchObject({
      message: expect.stringContaining('events'),
    });
  });

  it('cannot send more of a stream than the window, also in single bytes', async () => {
    const replica = await withLiar(({ id, method }, line) => {
      if (method === 'flush') line.send({ t: 'done', id, data: null });
      else for (let n = 0; n < 30; n += 1) line.send({ t: 'chunk', id }, Buffer.alloc(100_000));
    });
    const stream = replica.readKept('k')[Symbol.asyncIterator]();
    await stream.next();
    await expect(replica.closed).resolves.toMatchObject({ code: 'PROTOCOL' });
    await expect(stream.next()).rejects.toMatchObject({ code: 'PROTOCOL' });
  });

  it('cannot steer a terminal with what it says', async () => {
    const replica = await withLiar(
      answer({ t: 'error', error: { code: 'IO', message: '\x1b]0;owned\x07\x9b2J\u202e' } }),
    );
    const error = await replica.drain().catch((thrown: Error) => thrown);
    expect((error as Error).message).not.toMatch(/[\p{Cc}\u202e]/u);
    await replica.close();
  });
});

describe('an agent that sends anything', () => {
  const type = fc.constantFrom('part', 'done', 'error', 'chunk', 'credit', 'event', 'pong', 'ack');
  const shape = fc.oneof(
    fc.record({ t: type, id: fc.nat(6), data: fc.jsonValue(), bytes: fc.nat(), n: fc.nat(9) }),
    fc.record({ t: type, id: fc.nat(6), data: fc.record({ rows: fc.jsonValue() }) }),
    fc.record({
      t: fc.constant('event'),
      data: fc.record({ type: fc.constant('changes'), changes: fc.jsonValue() }),
    }),
    fc.jsonValue().filter((value) => value !== null),
  );
  const message = fc.tuple(shape, fc.uint8Array({ maxLength: 40 }));

  it('ends calls and links, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1 }), async (messages) => {
        const replica = await withLiar((_call, line) => {
          for (const [json, bytes] of messages) line.send(json, bytes);
          line.raw(Buffer.alloc(16, 0xff));
        });
        const uses = [scan, apply, readSmall, read, drain].map((use) => use(replica));
        const results = await Promise.allSettled(uses);
        for (const result of results) {
          if (result.status === 'rejected') {
            expect(result.reason).toMatchObject({ name: 'CaiError' });
          }
        }
        expect(await replica.closed).toMatchObject({ code: 'PROTOCOL' });
      }),
      { numRuns: 150 },
    );
  });
});

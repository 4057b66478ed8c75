/**
 * What a hostile agent says. A lie is made for one link and sees each message of the honest agent, with
 * the method of the call it answers; it yields what the host gets instead: messages, or raw bytes.
 */
import { createHash } from 'node:crypto';

const text = Buffer.from('a lie');
const digest = createHash('sha256').update(text).digest('hex');
const file = (path, ...more) => [path, 'f', digest, text.length, 0o644, 1e12, ...more];
const inline = (path) => file(path, text.length);

/** Rows that come with the first look at the tree, as if they stood there. */
function rows(list, bytes = Buffer.alloc(0)) {
  return () => {
    let told = false;
    return function* (message) {
      const { json } = message;
      if (told || !Array.isArray(json.data?.rows)) return yield message;
      told = true;
      const data = { ...json.data, rows: [...json.data.rows, ...list] };
      yield { json: { ...json, data }, bytes: Buffer.concat([message.bytes, bytes]) };
    };
  };
}

/** Files among the rows bring their content along. */
const withText = (...list) => {
  const files = list.filter((row) => row[1] === 'f');
  return rows(list, Buffer.concat(files.map(() => text)));
};

/** Events once the link is in use. */
function events(make) {
  return () => {
    let told = false;
    return async function* (message, method) {
      yield message;
      if (told || message.json.t !== 'done' || method !== 'scan') return;
      told = true;
      yield* make();
    };
  };
}

/** For what is no fault of the protocol; another lie has to end the link. */
function thenStranger(make) {
  const stranger = events(async function* () {
    await slow(300);
    yield { json: { t: 'done', id: 99_999, data: null } };
  });
  return () => {
    const [first, second] = [make(), stranger()];
    return async function* (message, method) {
      for await (const told of first(message, method)) yield* second(told, method);
    };
  };
}

const changes = (list, bytes) => ({
  json: { t: 'event', data: { type: 'changes', changes: list, more: false } },
  bytes,
});

/** Other answers to one kind of call. */
function answers(method, change) {
  return () =>
    function* (message, asked) {
      if (asked === method) yield* change(message);
      else yield message;
    };
}

const part = (id, data, bytes) => ({ json: { t: 'part', id, data }, bytes });
const outcomes = (change) =>
  answers('apply', function* (message) {
    const { json } = message;
    if (!Array.isArray(json.data)) return yield message;
    yield { json: { ...json, data: json.data.map(change) } };
  });

/** Asks for a content that nobody has, and then answers as `change` says. */
function contents(size, method, change) {
  const claim = createHash('sha256').update('claimed').digest('hex');
  const row = ['claimed', 'f', claim, size, 0o644, 1e12];
  return () => {
    const tell = rows([row])();
    const lie = answers(method, change)();
    return function* (message, asked) {
      for (const told of tell(message, asked)) yield* lie(told, asked);
    };
  };
}

function* times(count, make) {
  for (let n = 0; n < count; n += 1) yield make(n);
}

const forever = (make) => times(Number.POSITIVE_INFINITY, make);

const deep = (open, close, count) => Buffer.from(open.repeat(count) + close.repeat(count));

/** A frame by hand, whatever it says of itself. */
function raw(total, json, number, rest) {
  const head = Buffer.alloc(12);
  head.writeUInt32BE(total, 0);
  head.writeUInt32BE(json, 4);
  head.writeUInt32BE(number, 8);
  return Buffer.concat([head, rest]);
}

/** In place of the answer to the first scan; `number` counts the frames before it. */
function instead(make) {
  return () => {
    let number = -1;
    let told = false;
    return async function* (message, method) {
      number += 1;
      if (told) return;
      if (method !== 'scan') return yield message;
      told = true;
      yield* make(number, message.json.id);
    };
  };
}

const upcall = (id, request) => ({
  json: { t: 'upcall', id },
  bytes: Buffer.from(typeof request === 'string' ? request : JSON.stringify({ id, ...request })),
});

/** What no container may ask, and what makes work. */
const demands = [
  { call: 'stop' },
  { call: 'approve' },
  { call: 'rewind', params: { time: 1 } },
  { call: 'resolve', params: { conflicts: ['1'], file: '/etc/passwd' } },
  { call: 'restore', params: { version: '1', to: '.git/hooks/post-checkout' } },
  { call: 'contents', params: { path: '../outside' } },
  { call: 'status' },
  { call: 'subscribe' },
  '[[[[',
];

const slow = async (ms) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
};

export const lies = {
  up: withText(inline('../escaped')),
  upInside: withText(inline('kept/../../escaped')),
  absolute: withText(inline('/tmp/cai-escaped')),
  nul: withText(inline('a\0b')),
  dot: withText(inline('./escaped')),
  empty: withText(inline('')),
  own: withText(inline('.cai-stage-x/kept-1')),
  deepPath: rows([file(`${'d/'.repeat(100_000)}x`)]),
  longName: rows([file('x'.repeat(256))]),
  linkOut: rows([['out', 'l', '../outside']]),
  linkAbsolute: rows([['out', 'l', '/etc']]),
  linkUpFromBelow: rows([
    ['in', 'd', 0o755],
    ['in/out', 'l', '../../outside'],
  ]),
  belowLink: withText(['way', 'l', 'kept'], inline('way/escaped')),
  twoKinds: thenStranger(
    withText(['way', 'l', 'kept'], ['way', 'd', 0o755], inline('way/escaped')),
  ),
  setuid: rows([['tool', 'x', digest, 5, 0o4755, 1e12]]),
  negativeSize: rows([['a', 'f', digest, -1, 0o644, 1e12]]),
  endlessSize: rows([['a', 'f', digest, 1e300, 0o644, 1e12]]),
  otherDigest: rows([inline('a')], Buffer.from('other')),
  otherSize: rows([file('a', 5)], Buffer.from('a li')),
  oddRow: rows([{ path: 'a' }]),
  oddKind: rows([['a', 'constructor']]),
  swap: events(function* () {
    yield changes([['s', 'd', 0o755], inline('s/x')], text);
    yield changes([['s/x', 'n'], ['s', 'l', 'kept'], inline('s/x')], text);
    yield changes([['s', 'l', '..'], inline('s/x')], text);
  }),
  changesUp: events(() => [changes([inline('../escaped')], text)]),
  // A host that is quick enough takes them all: they might be true.
  flood: thenStranger(events(() => times(20_000, (n) => changes([inline(`flood-${n}`)], text)))),
  bigFlood: thenStranger(
    events(() =>
      times(60, (n) => {
        const bytes = Buffer.alloc(1_000_000, n);
        const hash = createHash('sha256').update(bytes).digest('hex');
        return changes([[`big-${n}`, 'f', hash, bytes.length, 0o644, 1e12, bytes.length]], bytes);
      }),
    ),
  ),
  joined: events(() =>
    forever((n) => {
      const list = Array.from({ length: 5_000 }, (_, i) => ['b', 'gone', `${n}-${i}`]);
      const data = { type: 'changes', changes: list.map(([, , p]) => [p, 'n']), more: true };
      return { json: { t: 'event', data } };
    }),
  ),
  demands: events(() => forever((n) => upcall(n + 1, demands[n % demands.length]))),
  demandsInTurn: thenStranger(
    events(async function* () {
      for (const [n, demand] of demands.entries()) {
        yield upcall(n + 1, demand);
        await slow(5);
      }
    }),
  ),
  demandTwice: events(() => [upcall(1, { call: 'subscribe' }), upcall(1, { call: 'status' })]),
  longDemand: events(() => [upcall(1, ' '.repeat(300_000))]),
  oddEvent: events(() => [{ json: { t: 'event', data: { type: 'reboot' } } }]),
  call: events(() => [{ json: { t: 'call', id: 1, method: 'apply', data: [] } }]),
  stranger: events(() => [{ json: { t: 'done', id: 99_999, data: null } }]),
  outcomeElsewhere: outcomes((one) => ({ ...one, path: '../escaped' })),
  outcomeOther: outcomes((one) => ({ ...one, now: ['f', 'nothing', 1, 0o644, 1] })),
  keptElsewhere: outcomes((one) => ({
    ...one,
    kept: ['../../k', one.path, ['f', digest, 5, 0o644, 1e12], true],
  })),
  tooFewOutcomes: answers('apply', function* ({ json }) {
    yield { json: { t: 'done', id: json.id, data: [] } };
  }),
  /** What makes the host run code is refused. */
  hooks: thenStranger(
    events(function* () {
      const list = ['.git/hooks/post-checkout', '.git/config', '.git/hooks/x/y'].map(inline);
      yield changes(list, Buffer.concat(list.map(() => text)));
      yield changes([
        ['.git/hooks', 'n'],
        ['.git/hooks', 'l', '../kept'],
      ]);
    }),
  ),
  otherContent: contents(7, 'readSmall', function* ({ json }) {
    yield part(json.id, [[4]], Buffer.from('lies'));
  }),
  otherFile: contents(100_000, 'read', function* ({ json }) {
    yield { json: { t: 'chunk', id: json.id }, bytes: Buffer.alloc(100_000, 'lie') };
    yield { json: { t: 'done', id: json.id, data: null } };
  }),
  endlessFile: contents(100_000, 'read', function* ({ json }) {
    yield* forever(() => ({ json: { t: 'chunk', id: json.id }, bytes: Buffer.alloc(100_000) }));
  }),
  twoScans: instead(function* (_number, id) {
    const data = { rows: [['a', 'd', 0o755]], files: 0, bytes: 0 };
    yield part(id, data);
    yield part(id, data);
    yield part(id, data);
  }),
  hugeFrame: instead(function* (number) {
    yield raw(0xffff_ffff, 10, number, Buffer.from('{}'));
  }),
  noJson: instead(function* (number) {
    yield raw(9, 1, number, Buffer.from('{'));
  }),
  deepJson: instead(function* (number) {
    const json = deep('[', ']', 600_000);
    yield raw(8 + json.length, json.length, number, json);
  }),
  wideJson: instead(function* (number) {
    for (let n = number; ; n += 1) {
      const json = Buffer.from(`[${'[],'.repeat(400_000)}[]]`);
      yield raw(8 + json.length, json.length, n, json);
    }
  }),
  crumbs: instead(async function* () {
    for (;;) {
      yield Buffer.from([0]);
      await slow(0);
    }
  }),
  noise: instead(() => []),
  // The last ones take the host's patience: a heartbeat or a deadline has to end them.
  halfFrame: instead(function* (number) {
    yield raw(1_000_000, 1000, number, Buffer.from('{"t":'));
  }),
  mute: () =>
    function* (message) {
      if (message.json.t === 'welcome' || message.json.t === 'pong') yield message;
    },
  silent: () => () => [],
};

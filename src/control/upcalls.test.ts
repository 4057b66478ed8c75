/** What the container may ask of a session, and what happens when it asks for more. */
import { expect, onTestFinished, test } from 'vitest';
import type { Version } from '../store/store.ts';
import type { Response, ServerLine } from './api.ts';
import { type FakeSession, fakeRecord, fakeSession } from './fake-session.ts';
import { openSessionStore } from './session-store.ts';
import { writeRecord } from './sessions.ts';
import { useState } from './test-state.ts';
import { createUpcallHandler } from './upcalls.ts';

interface Asked {
  readonly session: FakeSession;
  readonly stops: () => number;
  readonly put: (path: string, target?: string) => Version;
  ask(call: string, params?: object): Promise<Response>;
  /** The lines of a request as they come. */
  lines(request: unknown, signal?: AbortSignal): AsyncIterator<string>;
}

function asked(): Asked {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  const session = fakeSession(record);
  const store = openSessionStore(record);
  onTestFinished(() => store.close());
  let stops = 0;
  const stop = (): void => {
    stops += 1;
  };
  const handle = createUpcallHandler(() => ({ record, session, store, stop }));
  const lines: Asked['lines'] = (request, signal = new AbortController().signal) =>
    handle(typeof request === 'string' ? request : JSON.stringify(request), signal)[
      Symbol.asyncIterator
    ]();
  return {
    session,
    stops: () => stops,
    lines,
    put(path, target) {
      const entry =
        target === undefined
          ? ({ kind: 'directory', mode: 0o755 } as const)
          : ({ kind: 'link', target } as const);
      const version = { path, side: 'local', time: 1, reason: 'removed', entry } as const;
      store.commit({ base: [], events: [], versions: [version] });
      return store.history({ path, limit: 1 })[0] as Version;
    },
    async ask(call, params = {}) {
      const { value } = await lines({ id: 7, call, params }).next();
      return JSON.parse(value as string) as Response;
    },
  };
}

test('the calls that the container has reach the session', async () => {
  const { ask, session } = asked();
  expect(await ask('status')).toMatchObject({ id: 7, result: { name: 'proj' } });
  expect(await ask('flush', { timeoutMs: 1000 })).toMatchObject({ result: { ms: 1 } });
  expect(await ask('pause')).toMatchObject({ result: { state: 'paused' } });
  expect(await ask('resume')).toMatchObject({ result: { state: 'watching' } });
  expect(await ask('history', { path: 'a' })).toMatchObject({ result: [] });
  expect(await ask('contents', { path: 'a' })).toMatchObject({ result: { path: 'a' } });
  expect(await ask('undo', {})).toMatchObject({ result: { done: [] } });
  expect(await ask('resolve', { conflicts: ['1'], take: 'local' })).toHaveProperty('result');
  expect(session.orders.slice(0, 2)).toEqual(['pause', 'resume']);
});

test.each<[string, object]>([
  ['stop', {}],
  ['approve', {}],
  ['reject', {}],
  ['rewind', { time: 1 }],
  ['flush', { timeoutMs: 3_600_000 }],
  ['history', { limit: 1_000_000 }],
  ['history', { path: '../x' }],
  ['contents', { path: '/etc/passwd' }],
  ['resolve', { conflicts: ['1'], file: '/etc/passwd' }],
  ['resolve', { conflicts: Array(1001).fill('1'), take: 'local' }],
  ['undo', { paths: ['x'.repeat(5000)] }],
  ['restore', { version: '1', to: 'elsewhere' }],
  ['restore', {}],
  ['attribute', { side: 'local', by: 'somebody', claims: [] }],
])('refused: %s %o', async (call, params) => {
  const { ask, session, stops } = asked();
  expect(await ask(call, params)).toMatchObject({ id: 7, error: { code: 'USAGE' } });
  expect(stops()).toBe(0);
  expect(session.orders).toEqual([]);
});

test.each(['__proto__', 'toString', 'constructor', '', 'watch'])(
  'no such call: %o',
  async (call) => {
    const { ask } = asked();
    expect(await ask(call)).toMatchObject({ error: { code: 'PROTOCOL' } });
  },
);

test.each([
  '',
  'null',
  '[]',
  '{"id":1}',
  '{"id":"1","call":"status"}',
  '{'.repeat(10_000),
  '\u0000',
])('no request: %.20s', async (line) => {
  const { lines } = asked();
  const { value } = await lines(line).next();
  expect(JSON.parse(value as string)).toMatchObject({ id: 0, error: { code: 'PROTOCOL' } });
});

test.each<[string, string?]>([
  ['.git/hooks'],
  ['.git'],
  ['.env'],
  ['sub/.cai-x'],
  ['away', '/etc'],
  ['up', '../../x'],
])('a version at %s is not put back for the container', async (path, target) => {
  const { ask, put } = asked();
  const { id } = put(path, target);
  for (const call of ['restore', 'version'] as const)
    expect(await ask(call, { version: id })).toMatchObject({ error: { code: 'USAGE' } });
});

test('names of local secrets stay on the host', async () => {
  const { ask, session } = asked();
  session.set({
    secrets: [
      { side: 'local', path: '.env' },
      { side: 'container', path: 'key.pem' },
    ],
  });
  expect(await ask('status')).toMatchObject({
    result: { secrets: [{ side: 'container', path: 'key.pem' }] },
  });
});

test('who asks too much is told so, and heard again later', async () => {
  const { ask, session } = asked();
  session.set({ pending: 1 });
  const flushes = Array.from({ length: 16 }, () => ask('flush', { timeoutMs: 1000 }));
  expect(await ask('status')).toMatchObject({ error: { code: 'BUSY' } });
  void flushes;
  const other = asked();
  const answers = await Promise.all(Array.from({ length: 300 }, () => other.ask('status')));
  const codes = answers.map((answer) => ('error' in answer ? answer.error.code : 'ok'));
  expect(new Set(codes)).toEqual(new Set(['ok', 'BUSY']));
  expect(codes[0]).toBe('ok');
});

test('a subscriber gets every event until it goes', async () => {
  const { lines, session } = asked();
  const gone = new AbortController();
  const reader = lines({ id: 1, call: 'subscribe' }, gone.signal);
  const next = async (): Promise<ServerLine> => JSON.parse((await reader.next()).value as string);
  expect(await next()).toMatchObject({ id: 1, result: { state: 'watching' } });
  session.emit({ time: 1, type: 'notice', message: 'a' });
  session.emit({ time: 2, type: 'notice', message: 'b' });
  expect(await next()).toMatchObject({ event: { time: 1 } });
  expect(await next()).toMatchObject({ event: { time: 2 } });
  const last = reader.next();
  gone.abort();
  expect((await last).done).toBe(true);
  expect(session.listenerCount()).toBe(0);
});

test('a subscriber that does not read is left behind, and costs nothing', async () => {
  const { lines, session } = asked();
  const reader = lines({ id: 1, call: 'subscribe' });
  await reader.next();
  const message = 'x'.repeat(1024 * 1024);
  for (let n = 0; n < 8; n += 1) session.emit({ time: n, type: 'notice', message });
  expect(session.listenerCount()).toBe(0);
});

import { existsSync, lstatSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import type { SessionEvent } from './api.ts';
import { callSession, isRunning, subscribe } from './client.ts';
import { maxMessageBytes, maxUnreadBytes } from './connection.ts';
import { fakeRecord, fakeSession } from './fake-session.ts';
import { readProcess, writeProcess } from './process-file.ts';
import { serveSession } from './server.ts';
import { openSessionStore } from './session-store.ts';
import { writeRecord } from './sessions.ts';
import { makeSessionDirectory } from './state-dir.ts';
import { statusOf } from './status.ts';
import { useState } from './test-state.ts';

const notice: SessionEvent = { time: 1, type: 'notice', message: 'hello' };

async function serve() {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  const session = fakeSession(record);
  const store = openSessionStore(record);
  const stops: number[] = [];
  const server = await serveSession({ record, session, store, stop: () => stops.push(1) });
  writeProcess(record, { pid: process.pid, socket: server.path, started: 1 });
  onTestFinished(async () => {
    await server.close();
    store.close();
  });
  return { record, session, store, server, stops };
}

/** A client that sends what it likes. */
function raw(path: string): { socket: Socket; answers: () => string; closed: () => boolean } {
  const socket = connect(path);
  let text = '';
  let closed = false;
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  return { socket, answers: () => text, closed: () => closed };
}

test('calls reach the session', async () => {
  const { record, session, stops } = await serve();
  expect(await isRunning(record)).toBe(true);
  expect(await statusOf(record)).toMatchObject({ name: 'proj', state: 'watching' });
  expect(await callSession(record, 'pause', {})).toMatchObject({ state: 'paused' });
  expect(await callSession(record, 'resume', {})).toMatchObject({ state: 'watching' });
  expect(await callSession(record, 'flush', { timeoutMs: 1000 })).toMatchObject({
    ms: 1,
    holds: [],
  });
  expect(await callSession(record, 'approve', {})).toEqual({ holds: [] });
  expect(await callSession(record, 'history', { limit: 1 })).toEqual([]);
  expect(await callSession(record, 'stop', {})).toEqual({ stopped: true });
  await waitFor(() => stops.length === 1);
  expect(session.orders).toEqual(['pause', 'resume', 'approve']);
});

test('an answer to holds counts for those that were shown, and is signed', async () => {
  const { record, session } = await serve();
  const hold = {
    reason: 'mass-deletion',
    side: 'container',
    files: 60,
    since: 5,
    message: '60 files vanished.',
    next: 'Answer.',
  } as const;
  session.set({ holds: [{ ...hold, files: 61 }] });
  for (const call of ['approve', 'reject'] as const) {
    const seen = callSession(record, call, { holds: [hold], author: 'telegram:7' });
    await expect(seen).rejects.toMatchObject({ code: 'STALE' });
    const wrong = callSession(record, call, { holds: [null as never] });
    await expect(wrong).rejects.toMatchObject({ code: 'USAGE' });
    await expect(callSession(record, call, { author: 'undo' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  }
  expect(session.orders).toEqual([]);
  session.set({ holds: [hold] });
  await callSession(record, 'reject', { holds: [hold], author: 'telegram:7' });
  expect(session.orders).toEqual(['reject telegram:7']);
});

test('a subscriber gets the status first, then every event', async () => {
  const { record, session } = await serve();
  const events: SessionEvent[] = [];
  const { status, close, closed } = await subscribe(record, (event) => events.push(event));
  expect(status.state).toBe('watching');
  for (let n = 0; n < 500; n += 1)
    session.emit({ time: n, type: 'notice', message: '\u2028 \udc80' });
  await waitFor(() => events.length === 500);
  expect(events.map((event) => event.time)).toEqual(Array.from({ length: 500 }, (_, n) => n));
  expect(events[0]).toMatchObject({ message: '\u2028 \udc80' });
  close();
  await closed;
  await waitFor(() => session.listenerCount() === 0);
});

test('a client may name a socket instead of a session', async () => {
  const { record, session } = await serve();
  const peer = { name: 'through', socket: readProcess(record)?.socket ?? '' };
  const claims = [{ path: 'a', digest: null }];
  const params = { side: 'container', by: 'someone', claims } as const;
  expect(await callSession(peer, 'attribute', params)).toEqual({ noted: 1 });
  expect(session.orders).toEqual([`attribute container someone ${JSON.stringify(claims)}`]);
  await expect(
    callSession({ name: 'through', socket: '/nowhere' }, 'status', {}),
  ).rejects.toMatchObject({ code: 'NO_SESSION', message: expect.stringContaining('through') });
});

test('errors keep their code and next step', async () => {
  const { record } = await serve();
  await expect(callSession(record, 'restore', { version: '77' })).rejects.toMatchObject({
    code: 'NO_VERSION',
    next: expect.stringContaining('cai history'),
  });
});

test.each([
  ['flush', {}],
  ['flush', { timeoutMs: 'x' }],
  ['flush', { timeoutMs: -1 }],
  ['history', { path: '../../etc' }],
  ['history', { limit: 0.5 }],
  ['restore', { version: 1 }],
  ['restore', { version: '1', to: '/etc/passwd' }],
  ['restore', { version: '1', to: 'a/../../b' }],
  ['attribute', { by: 'x', claims: [] }],
  ['attribute', { side: 'local', by: 'undo', claims: [] }],
  ['attribute', { side: 'local', by: '\u001b[2J', claims: [] }],
  ['attribute', { side: 'local', by: 'x', claims: [{ path: '../x' }] }],
  ['attribute', { side: 'local', by: 'x', claims: [{ path: 'x', digest: 'y' }] }],
  ['attribute', { side: 'local', by: 'x', claims: Array(1001).fill({ path: 'x' }) }],
] as const)('wrong parameters of %s: %j', async (name, params) => {
  const { record } = await serve();
  await expect(callSession(record, name, params as never)).rejects.toMatchObject({ code: 'USAGE' });
});

test.each([
  ['no JSON', 'hello\n'],
  ['no object', '7\n'],
  ['null', 'null\n'],
  ['no id', '{"call":"status"}\n'],
  ['no such call', '{"id":1,"call":"toString"}\n'],
  ['a prototype', '{"id":1,"call":"__proto__"}\n'],
  ['parameters that are none', '{"id":1,"call":"status","params":7}\n'],
  ['bytes that are no text', Buffer.from([0xff, 0x00, 0x0a])],
  ['an endless line', 'x'.repeat(maxMessageBytes + 1)],
])('%s: answered with an error, dropped, and the others go on', async (_, garbage) => {
  const { record, server } = await serve();
  const client = raw(server.path);
  client.socket.write(garbage);
  await waitFor(client.closed);
  expect(client.answers()).toContain('"code":"PROTOCOL"');
  expect(await statusOf(record)).toMatchObject({ state: 'watching' });
});

test('a message may come in pieces, and several at once', async () => {
  const { server } = await serve();
  const client = raw(server.path);
  client.socket.write('{"id":1,"call":"sta');
  await waitFor(() => client.socket.bytesWritten > 0);
  client.socket.write('tus"}\n\n{"id":2,"call":"status"}\n');
  await waitFor(() => client.answers().split('\n').length === 3);
  expect(client.answers()).toMatch(/^\{"id":1,.*\n\{"id":2,/);
});

test('a subscriber that does not read is dropped, and nothing is held for it', async () => {
  const { record, session, server } = await serve();
  const client = raw(server.path);
  client.socket.write('{"id":1,"call":"subscribe"}\n');
  await waitFor(() => session.listenerCount() === 1);
  client.socket.pause();
  const long = { ...notice, message: 'x'.repeat(64 * 1024) };
  let sent = 0;
  while (session.listenerCount() > 0 && sent < 10 * maxUnreadBytes) {
    session.emit(long);
    sent += long.message.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(session.listenerCount()).toBe(0);
  expect(await statusOf(record)).toMatchObject({ state: 'watching' });
});

test('who goes away while waiting for a flush cancels it', async () => {
  const { record, session } = await serve();
  session.set({ pending: 1 });
  const cancel = new AbortController();
  const call = callSession(
    record,
    'flush',
    { timeoutMs: 60_000 },
    { signal: cancel.signal, timeoutMs: 60_000 },
  );
  const failed = expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  await statusOf(record);
  cancel.abort();
  await failed;
  await waitFor(() => session.orders.includes('flush cancelled'));
});

test('a call that is not answered in time is a TIMEOUT', async () => {
  const { record, session } = await serve();
  session.set({ pending: 1 });
  await expect(
    callSession(record, 'flush', { timeoutMs: 60_000 }, { timeoutMs: 50 }),
  ).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('too many calls at a time from one client are refused', async () => {
  const { session, server } = await serve();
  session.set({ pending: 1 });
  const client = raw(server.path);
  for (let id = 0; id < 100; id += 1)
    client.socket.write(`${JSON.stringify({ id, call: 'flush', params: { timeoutMs: 1000 } })}\n`);
  await waitFor(client.closed);
  expect(client.answers()).toContain('"code":"BUSY"');
});

test('the socket is for its owner only, and goes with the server', async () => {
  const { record, server } = await serve();
  expect(lstatSync(server.path).mode & 0o777).toBe(0o600);
  expect(lstatSync(dirname(server.path)).mode & 0o777).toBe(0o700);
  await server.close();
  expect(existsSync(server.path)).toBe(false);
  await expect(callSession(record, 'status', {})).rejects.toMatchObject({ code: 'NO_SESSION' });
});

test('a socket that a dead process left is replaced', async () => {
  const { record, session, store, server } = await serve();
  await server.close();
  writeFileSync(server.path, '');
  const again = await serveSession({ record, session, store, stop: () => {} });
  expect(again.path).toBe(server.path);
  expect(await isRunning(record)).toBe(true);
  await again.close();
});

test('a long state directory has its sockets in a short one', async () => {
  const top = useState();
  process.env.CAI_STATE_DIR = join(top, 'x'.repeat(100));
  const record = fakeRecord();
  makeSessionDirectory(record.id);
  const store = openSessionStore(record);
  const server = await serveSession({
    record,
    session: fakeSession(record),
    store,
    stop: () => {},
  });
  onTestFinished(async () => {
    await server.close();
    store.close();
  });
  expect(Buffer.byteLength(server.path)).toBeLessThan(108);
  writeProcess(record, { pid: process.pid, socket: server.path, started: 1 });
  expect(await isRunning(record)).toBe(true);
});

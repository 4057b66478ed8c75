import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { CaiError } from '../errors.ts';
import type { SessionInput } from '../session/session.ts';
import { callSession, isRunning } from './client.ts';
import { type FakeSession, fakeRecord, fakeSession } from './fake-session.ts';
import { hostSession } from './host.ts';
import { readLog } from './log-reader.ts';
import { writeProcess } from './process-file.ts';
import { writeRecord } from './sessions.ts';
import { sessionDirectory } from './state-dir.ts';
import { statusOf } from './status.ts';
import { useState } from './test-state.ts';
import { unwatchSession } from './unwatch.ts';

let starting: (input: SessionInput) => Promise<FakeSession>;

// The engine has tests of its own; these need one whose start and end they decide on.
vi.mock('../session/session.ts', () => ({
  startSession: (input: SessionInput) => starting(input),
}));

test('from the first moment it can be asked; a stopped one keeps its last status', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  const session = fakeSession(record);
  let open: (session: FakeSession) => void = () => {};
  starting = () =>
    new Promise((resolve) => {
      open = resolve;
    });
  const hosted = await hostSession(record);
  expect(await statusOf(record)).toMatchObject({
    state: 'connecting',
    ready: false,
    pid: process.pid,
  });
  await expect(callSession(record, 'flush', { timeoutMs: 20 })).rejects.toMatchObject({
    code: 'TIMEOUT',
  });
  const flushed = callSession(record, 'flush', { timeoutMs: 10_000 });
  open(session);
  expect(await flushed).toMatchObject({ ms: 1 });
  session.set({ files: 7 });
  expect(await statusOf(record)).toMatchObject({ state: 'watching', files: 7 });
  session.emit({ time: 1, type: 'ready', files: 7, bytes: 1, ms: 1 });

  expect(await unwatchSession(record)).toEqual({ wasRunning: true });
  expect(await hosted.ended).toBeUndefined();
  expect(await isRunning(record)).toBe(false);
  expect(await statusOf(record)).toMatchObject({
    state: 'stopped',
    ready: false,
    files: 7,
    problems: [],
  });
  const types: string[] = [];
  for await (const event of readLog(record.id)) types.push(event.type);
  expect(types).toEqual(['ready', 'state']);
  // The store is free again.
  starting = async () => fakeSession(record);
  const again = await hostSession(record);
  again.stop();
  await again.ended;
});

test('one whose process was killed says so', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  writeProcess(record, { pid: 4_000_000, socket: '/nowhere.sock', started: 5000 });
  expect(await statusOf(record)).toMatchObject({
    state: 'stopped',
    since: 5000,
    problems: [
      {
        side: 'session',
        code: 'CANCELLED',
        message: 'Its process 4000000 was killed, or the machine went down.',
      },
    ],
  });
});

/** In the way of what a session writes down at its start and its end. */
function blockOutcome(id: string): { readonly free: () => void } {
  const path = join(sessionDirectory(id), 'outcome.json');
  mkdirSync(path);
  return { free: () => rmSync(path, { recursive: true }) };
}

test('one that cannot write down how it ended ends all the same', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  starting = async () => fakeSession(record);
  const hosted = await hostSession(record);
  const outcome = blockOutcome(record.id);
  hosted.stop();
  expect(await hosted.ended).toBeUndefined();
  expect(await isRunning(record)).toBe(false);
  expect(readdirSync(sessionDirectory(record.id)).filter((name) => name.endsWith('.tmp'))).toEqual(
    [],
  );
  outcome.free();
  const again = await hostSession(record);
  again.stop();
  await again.ended;
});

test('a start that cannot write down where it is leaves nothing behind', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  starting = async () => fakeSession(record);
  const outcome = blockOutcome(record.id);
  await expect(hostSession(record)).rejects.toMatchObject({ name: 'CaiError' });
  expect(await isRunning(record)).toBe(false);
  outcome.free();
  const again = await hostSession(record);
  again.stop();
  await again.ended;
});

test('a start without a log leaves its store free', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  starting = async () => fakeSession(record);
  const log = join(sessionDirectory(record.id), 'session.log');
  mkdirSync(log);
  await expect(hostSession(record)).rejects.toMatchObject({ name: 'CaiError' });
  rmSync(log, { recursive: true });
  const again = await hostSession(record);
  again.stop();
  await again.ended;
});

test('a start that fails is told, also afterwards, and leaves nothing behind', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  starting = () =>
    Promise.reject(new CaiError('NO_CONTAINER', 'There is no web.', { next: 'Start it.' }));
  const hosted = await hostSession(record);
  expect(await hosted.ended).toMatchObject({ code: 'NO_CONTAINER' });
  expect(await isRunning(record)).toBe(false);
  expect((await statusOf(record)).problems).toMatchObject([
    { side: 'session', code: 'NO_CONTAINER', next: 'Start it.' },
  ]);
});

test('a second process for the same session is refused', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  starting = async () => fakeSession(record);
  const hosted = await hostSession(record);
  await expect(hostSession(record)).rejects.toMatchObject({ code: 'BUSY' });
  expect(await statusOf(record)).toMatchObject({ state: 'watching' });
  hosted.stop();
  expect(await hosted.ended).toBeUndefined();
});

test('stopping while it is still connecting ends at once', async () => {
  useState();
  const record = fakeRecord();
  writeRecord(record);
  starting = () => new Promise(() => {});
  const hosted = await hostSession(record);
  hosted.stop();
  expect(await hosted.ended).toBeUndefined();
  expect(await isRunning(record)).toBe(false);
});

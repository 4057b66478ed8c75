import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import type { SessionEvent } from './api.ts';
import { logFiles, openLog } from './log.ts';
import { followLog, readLog } from './log-reader.ts';
import { makeSessionDirectory } from './state-dir.ts';
import { useState } from './test-state.ts';

const id = '0123456789ab';
const event = (n: number): SessionEvent => ({ time: n, type: 'notice', message: `event ${n}` });

async function times(): Promise<number[]> {
  const found: number[] = [];
  for await (const { time } of readLog(id)) found.push(time);
  return found;
}

test('events come back in order; progress is not kept; half a line is passed over', async () => {
  useState();
  makeSessionDirectory(id);
  expect(await times()).toEqual([]);
  const log = openLog(id);
  log.add(event(1));
  log.add({ time: 2, type: 'progress', progress: { phase: 'scan', files: 1, bytes: 1 } });
  log.add(event(3));
  log.close();
  appendFileSync(logFiles(id)[1], '{"time":4,"ty');
  expect(await times()).toEqual([1, 3]);
  const next = openLog(id);
  next.add(event(5));
  next.close();
  expect(await times()).toEqual([1, 3, 5]);
});

test('it is bounded: one older file, and no event is lost between the two', async () => {
  useState();
  makeSessionDirectory(id);
  const log = openLog(id, 2000);
  for (let n = 0; n < 200; n += 1) {
    log.add(event(n));
    await new Promise((resolve) => setImmediate(resolve));
  }
  log.close();
  for (const file of logFiles(id)) expect(statSync(file).size).toBeLessThanOrEqual(2000);
  const found = await times();
  expect(found.at(-1)).toBe(199);
  expect(found).toEqual(Array.from({ length: found.length }, (_, at) => 200 - found.length + at));
});

test('following tells what is added, over rotations', async () => {
  useState();
  makeSessionDirectory(id);
  const log = openLog(id, 2000);
  log.add(event(0));
  const done = new AbortController();
  const found: number[] = [];
  const following = (async () => {
    for await (const { time } of followLog(id, done.signal)) found.push(time);
  })();
  for (let n = 1; n < 60; n += 1) {
    await waitFor(() => found.length >= n - 10);
    log.add(event(n));
  }
  await waitFor(() => found.length === 60);
  done.abort();
  await following;
  log.close();
  expect(found).toEqual(Array.from({ length: 60 }, (_, n) => n));
});

test('where no next file can be made, nothing is written to what else is open', async () => {
  useState();
  const directory = makeSessionDirectory(id);
  const log = openLog(id, 100);
  const written = async (...numbers: number[]) => {
    for (const n of numbers) log.add(event(n));
    await new Promise((resolve) => setImmediate(resolve));
  };
  await written(1, 2);
  const [older, current] = logFiles(id);
  // A rename cannot take its place.
  mkdirSync(older);
  await written(3);
  const other = join(directory, 'other');
  const files = Array.from({ length: 20 }, () => openSync(other, 'a'));
  await written(4);
  for (const file of files) closeSync(file);
  expect(readFileSync(other, 'utf8')).toBe('');
  rmSync(older, { recursive: true });
  await written(5);
  log.close();
  expect(readFileSync(current, 'utf8')).toContain('event 5');
});

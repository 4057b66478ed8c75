/** Each update once: noted as taken before anything is done for it, and not taken when it cannot be noted. */
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { botToken, startTelegram } from '../../test/support/telegram.ts';
import { waitFor } from '../../test/support/wait.ts';
import { useState } from '../control/test-state.ts';
import { openBotApi } from './bot-api.ts';
import type { Memory } from './memory.ts';
import { openMemory } from './memory.ts';
import type { ReceiveInput } from './receive.ts';
import { poll, serveWebhook } from './receive.ts';

async function receiving(handle: (update: unknown, memory: Memory) => void) {
  useState();
  const telegram = await startTelegram();
  const memory = openMemory(4242);
  const life = new AbortController();
  onTestFinished(() => life.abort());
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const input: ReceiveInput = {
    api: openBotApi({ token: botToken, apiRoot: telegram.url, say }),
    memory,
    signal: life.signal,
    handle: (update) => handle(update, memory),
    matters: () => true,
    say,
  };
  return { telegram, memory, input, said };
}

test('what is handled is on disk as taken already, and the next start asks for what follows', async () => {
  const seen: unknown[] = [];
  const { telegram, input } = await receiving((update, { file }) => {
    const { update_id: id } = update as { update_id: number };
    const { last, taken } = JSON.parse(readFileSync(file, 'utf8')) as {
      last: { id: number };
      taken: number[];
    };
    seen.push([id, last.id, taken.includes(id)]);
  });
  const ids = [telegram.update({}), telegram.update({})];
  const polling = poll(input).catch(() => undefined);
  await waitFor(() => seen.length === 2);
  expect(seen).toEqual(ids.map((id) => [id, id, true]));
  expect(openMemory(4242).offset()).toBe((ids[1] as number) + 1);
  void polling;
});

test('an update that cannot be noted is not taken, Telegram is told so, and the host too', async () => {
  const handled: unknown[] = [];
  const { telegram, memory, input, said } = await receiving((update) => handled.push(update));
  let port = 0;
  const onListening = (at: number) => {
    port = at;
  };
  const place = { publicUrl: 'http://127.0.0.1:1/', host: '127.0.0.1', port: 0, onListening };
  void serveWebhook({ ...input, ...place });
  const set = () => telegram.calls.find(({ method }) => method === 'setWebhook')?.body;
  const token = String((await waitFor(set)).secret_token);
  const post = async (body: string) => {
    const headers = { 'x-telegram-bot-api-secret-token': token };
    return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).status;
  };
  // The memory's draft cannot be opened: as on a full disk.
  const draft = `${memory.file}.${process.pid}.tmp`;
  mkdirSync(draft);
  expect(await post('{"update_id": 5}')).toBe(500);
  expect(said.join()).toMatch(/an update was not taken: The bot's memory cannot be used/);
  rmdirSync(draft);
  expect(handled).toEqual([]);
  expect(await post('{"update_id": 5}')).toBe(200);
  expect(await post('{"update_id": 5}')).toBe(200);
  expect(handled).toEqual([{ update_id: 5 }]);
  expect(await post('{"update_id":')).toBe(400);
  expect(await post(`"${'x'.repeat(1024 * 1024)}"`)).toBe(413);
});

test('a bot that polls goes on when it cannot note updates for a while, and then takes each once', async () => {
  const handled: unknown[] = [];
  const { telegram, memory, input, said } = await receiving((update) =>
    handled.push((update as { update_id: number }).update_id),
  );
  const draft = `${memory.file}.${process.pid}.tmp`;
  mkdirSync(draft);
  const ids = [telegram.update({}), telegram.update({})];
  const polling = poll({ ...input, retryMs: 10 }).catch((error: unknown) => error);
  await waitFor(() => /an update was not taken/.test(said.join()), { what: 'the complaint' });
  expect(handled).toEqual([]);
  rmdirSync(draft);
  await waitFor(() => handled.length === 2, { what: 'both' });
  expect(handled).toEqual(ids);
  void polling;
});

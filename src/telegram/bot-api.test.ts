/** When Telegram is slow, busy, broken or away. */
import { expect, test } from 'vitest';
import type { Fault } from '../../test/support/telegram.ts';
import { botToken, startTelegram } from '../../test/support/telegram.ts';
import { waitFor } from '../../test/support/wait.ts';
import { openBotApi } from './bot-api.ts';
import { openChat } from './chat.ts';
import { plain } from './reply.ts';
import { quick, useBot, useBotState } from './testing.ts';

async function chatWith(...faults: readonly Fault[]) {
  const telegram = await startTelegram();
  for (const fault of faults) telegram.fail('sendMessage', fault);
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const api = openBotApi({ token: botToken, apiRoot: `${telegram.url}/`, patience: quick, say });
  const chat = openChat({ api, id: 7, signal: new AbortController().signal, say });
  return { telegram, chat, said };
}

test.each<[string, Fault, number]>([
  ['a refusal with retry_after', { kind: 'status', code: 429, retryAfter: 1 }, 1],
  ['an error of Telegram', { kind: 'status', code: 502 }, 1],
  ["a proxy's page", { kind: 'page', code: 502 }, 1],
  ['a slow answer', { kind: 'slow', ms: 300 }, 1],
  // Nobody knows whether it was sent: once is enough.
  ['a cut before it was done', { kind: 'cut', done: false }, 0],
  ['a cut after it was done', { kind: 'cut', done: true }, 1],
])('a message is sent once, through %s', async (_, fault, count) => {
  const { telegram, chat, said } = await chatWith(fault);
  const start = performance.now();
  await chat.send(plain('hello'));
  expect(telegram.shown.map(({ text }) => text)).toEqual(Array(count).fill('hello'));
  if (fault.kind === 'status' && fault.retryAfter === 1)
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
  await chat.send(plain('next'));
  expect(telegram.shown.at(-1)?.text).toBe('next');
  expect(said.join()).not.toContain(botToken);
});

test('an edit is repeated until it is there, and a repeated one is no error', async () => {
  const { telegram, chat, said } = await chatWith();
  const id = (await chat.send(plain('one'))) as number;
  telegram.fail('editMessageText', { kind: 'cut', done: true });
  telegram.fail('editMessageText', { kind: 'status', code: 500 });
  await chat.edit(id, plain('two'));
  expect(telegram.shown).toMatchObject([{ id, text: 'two', edits: 1 }]);
  expect(said).toHaveLength(1);
});

test('while Telegram is away it is asked again, and afterwards everything goes on', async () => {
  useBotState();
  const { telegram, said } = await useBot({ spec: { a: 'a' } });
  const phone = telegram.user(7);
  phone.say('/help');
  await phone.sees(/Your workspace/);
  await telegram.leave();
  await waitFor(() => said.find((line) => line.includes('trying again')));
  phone.say('/exec read_file --path a');
  await telegram.back();
  await waitFor(() => phone.messages.length === 2, { deadline: 20_000 });
  expect(said.filter((line) => line.includes('trying again'))).toHaveLength(1);
  expect(said).toContain('Telegram answers again.');
});

test('what is said while Telegram is away is said once, when it is back', async () => {
  const { telegram, chat, said } = await chatWith();
  await telegram.leave();
  const sending = chat.send(plain('news'));
  await waitFor(() =>
    said.find((line) => line.includes('sendMessage: ECONNREFUSED; trying again')),
  );
  await telegram.back();
  await sending;
  expect(telegram.shown.map(({ text }) => text)).toEqual(['news']);
});

test('another process with the same token is waited for', async () => {
  useBotState();
  const telegram = await startTelegram();
  telegram.fail('getUpdates', { kind: 'status', code: 409 }, 2);
  const { said } = await useBot({ telegram });
  telegram.user(7).say('/help');
  await telegram.user(7).sees(/Your workspace/);
  expect(said.join()).toMatch(/getUpdates: 409/);
});

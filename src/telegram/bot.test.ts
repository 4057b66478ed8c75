/** The bot in this process, with a Telegram that speaks real HTTP. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { botToken, startTelegram } from '../../test/support/telegram.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { noSession } from '../mcp/no-session.ts';
import { openWorkspace } from '../mcp/workspace.ts';
import { createBot } from './bot.ts';
import { openBotApi } from './bot-api.ts';
import { createGuests } from './guests.ts';
import { openMemory } from './memory.ts';
import { quick, useBot, useBotState } from './testing.ts';

test('tools, their arguments, and what is wrong with them', async () => {
  useBotState();
  const { telegram, root } = await useBot({ spec: { 'a.txt': 'one\n<two> & three\n' } });
  const phone = telegram.user(7);
  expect(telegram.calls.find(({ method }) => method === 'setMyCommands')?.body).toMatchObject({
    commands: expect.arrayContaining([{ command: 'exec', description: expect.any(String) }]),
  });
  phone.say('/exec read_file --path a.txt');
  const read = await phone.sees(/<two> & three/);
  expect(read.html).toContain('&lt;two&gt; &amp; three');
  phone.say('/exec read_file --nope 1');
  await phone.sees(
    /^❌ read_file: The tool has no --nope[\s\S]*--path TEXT \(needed\): relative to the workspace/,
  );
  phone.say('/exec read_file');
  await phone.sees(/"path" is missing/);
  phone.say('/exec');
  await phone.sees(/Which tool\?[\s\S]*sync_from_local/);
  phone.say('/exec edit_file {"file_path": "a.txt", "content": "new\\n"}');
  await phone.sees(
    /^⚠️ Edited a.txt - not in the container: no session is running[\s\S]*-one[\s\S]*\+new/,
  );
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('new\n');
  phone.say('/exec sync_from_local');
  await phone.sees(/^❌ NO_SESSION/);
  phone.say('show me the status');
  await phone.sees(/^📊 Sync Status:\n- No session runs/);
  phone.say('do something clever');
  await phone.sees(/no language model/);
  phone.say('/nonsense');
  await phone.sees(/no \/nonsense/);
});

test('what removes something asks first; the button works once and for one', async () => {
  useBotState();
  const { telegram, root } = await useBot({ spec: { a: 'a', b: 'b' }, users: [7, 8] });
  const [phone, other] = [telegram.user(7), telegram.user(8)];
  phone.say('/exec delete_path --path a');
  const question = await phone.sees(/^❓ Do delete_path/);
  expect(existsSync(join(root, 'a'))).toBe(true);
  other.press(question, 'Yes, do it');
  await waitFor(() => telegram.calls.find(({ body }) => /somebody else/.test(String(body.text))));
  const before = { ...question };
  phone.press(question, 'Yes, do it');
  const done = await phone.sees(/^Deleted a/);
  expect(done.id).toBe(question.id);
  expect(existsSync(join(root, 'a'))).toBe(false);
  writeFileSync(join(root, 'a'), 'again');
  phone.press(before, 'Yes, do it');
  await waitFor(() => telegram.calls.find(({ body }) => /was used/.test(String(body.text))));
  expect(existsSync(join(root, 'a'))).toBe(true);
  phone.say('/exec delete_path --path b');
  const second = await waitFor(() => phone.messages.find(({ text }) => /^❓.*"b"/.test(text)));
  phone.press(second, 'No');
  await phone.sees('🚫 Not done.');
  expect(existsSync(join(root, 'b'))).toBe(true);
});

test('strangers get one answer, and a code lets one in', async () => {
  useBotState();
  const { telegram, ready, said } = await useBot({ users: [] });
  const [stranger, owner] = [telegram.user(66), telegram.user(7)];
  stranger.say('/status');
  await stranger.sees(/private bot/);
  stranger.say('/status');
  stranger.say('/start WRONG');
  telegram.update({
    message: { from: { id: 66 }, chat: { id: -5, type: 'group' }, text: '/status' },
  });
  owner.say(`/start ${ready.pairing?.code}`);
  await owner.sees(/Paired/);
  stranger.say(`/start ${ready.pairing?.code}`);
  owner.say('/help');
  await owner.sees(/\/exec TOOL/);
  expect(stranger.messages).toHaveLength(1);
  expect(said.filter((line) => line.includes('66'))).toEqual([
    'refused user 66 (User 66), who is not on the list',
  ]);
  owner.say('delete all', { forward_origin: { type: 'user' } });
  await owner.sees(/forwarded/);
});

test('a long answer is a document', async () => {
  useBotState();
  const long = Array.from({ length: 900 }, (_, at) => `line ${at}`).join('\n');
  const { telegram } = await useBot({ spec: { long: `${long}\n` } });
  const phone = telegram.user(7);
  phone.say('/exec read_file --path long');
  const { document } = await phone.sees(/all of it is in the document/);
  expect(document).toMatchObject({
    name: 'answer.txt',
    content: expect.stringContaining('line 899'),
  });
});

test('nothing is done twice after a restart, and what was cut off is told', async () => {
  useBotState();
  const telegram = await startTelegram();
  const first = await useBot({ telegram, allowExec: true, spec: { a: 'a' } });
  const phone = telegram.user(7);
  // Telegram never learns that these were taken: it offers them again.
  phone.say(
    '/exec edit_file {"file_path": "a", "edits": [{"old_text": "a", "new_text": "aa", "replace_all": true}]}',
  );
  await phone.sees(/Edited a/);
  phone.say('/exec run_command --command sleep --command 60');
  phone.press(await phone.sees(/^❓ Do run_command/), 'Yes, do it');
  await phone.sees(/^⏳ run_command/);
  await first.stop();
  const asked = telegram.calls.filter(({ method }) => method === 'getUpdates').length;
  await useBot({ telegram, root: first.root, allowExec: true });
  await phone.sees(/restarted before I had answered: run_command/);
  phone.say('/help');
  await phone.sees(/Your workspace/);
  expect(readFileSync(join(first.root, 'a'), 'utf8')).toBe('aa');
  expect(telegram.calls.filter(({ method }) => method === 'getUpdates').length).toBeGreaterThan(
    asked,
  );
  expect(phone.messages.filter(({ text }) => text.includes('Edited a'))).toHaveLength(1);
});

test('an update that is offered again is not taken again', async () => {
  useBotState();
  const telegram = await startTelegram();
  const { root } = await useBot({ telegram, spec: { a: 'x' } });
  const phone = telegram.user(7);
  const args =
    '{"file_path": "a", "edits": [{"old_text": "x", "new_text": "xx", "replace_all": true}]}';
  // The answer with the updates is lost on its way, after Telegram made it.
  telegram.fail('getUpdates', { kind: 'cut', done: true }, 3);
  phone.say(`/exec edit_file ${args}`);
  await phone.sees(/Edited a/);
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('xx');
});

test('an order that comes late asks first, a question does not', async () => {
  useBotState();
  const { telegram } = await useBot({ spec: { a: 'a' } });
  const phone = telegram.user(7);
  const date = Math.floor(Date.now() / 1000) - 3600;
  phone.say('/exec edit_file {"file_path": "a", "content": "b"}', { date });
  const question = await phone.sees(/^❓ This came late/);
  phone.say('/status', { date });
  await phone.sees(/^📊/);
  phone.press(question, 'Yes, do it');
  await phone.sees(/Edited a/);
});

test('what piled up for hours is answered or asks first, each once, over a restart too', async () => {
  useBotState();
  const telegram = await startTelegram();
  const phone = telegram.user(7);
  const date = Math.floor(Date.now() / 1000) - 5 * 3600;
  for (const text of [
    '/exec edit_file {"file_path": "a", "content": "b"}',
    'pause the sync',
    '/status',
    '/stop',
  ])
    phone.say(text, { date });
  const first = await useBot({ telegram, spec: { a: 'a' } });
  const question = { ...(await phone.sees(/^❓ This came late: edit_file .*Do it now\?$/)) };
  await phone.sees('❓ This came late: pause_sync. Do it now?');
  await phone.sees(/^📊/);
  await phone.sees('Nothing runs.');
  const memory = join(process.env.CAI_STATE_DIR as string, 'telegram', '4242.json');
  const open = () => (JSON.parse(readFileSync(memory, 'utf8')) as { begun: unknown[] }).begun;
  await waitFor(() => open().length === 0);
  await first.stop();
  await useBot({ telegram, root: first.root });
  phone.press(question, 'Yes, do it');
  await waitFor(() =>
    telegram.calls.find(({ body }) => /before my last start/.test(String(body.text))),
  );
  phone.say('/help');
  await phone.sees(/Your workspace/);
  expect(phone.messages).toHaveLength(5);
  expect(readFileSync(join(first.root, 'a'), 'utf8')).toBe('a');
});

test('of more than twenty messages at once the rest is left out, but for /stop', async () => {
  useBotState();
  const telegram = await startTelegram();
  const phone = telegram.user(7);
  for (let count = 0; count < 60; count += 1) phone.say('/help');
  phone.say('/stop');
  await useBot({ telegram });
  await phone.sees('Nothing runs.');
  await phone.sees(/^That is a lot at once; I leave out the rest/);
  const helped = () =>
    phone.messages.filter(({ text }) => text.startsWith('Your workspace')).length;
  await waitFor(() => helped() >= 20);
  // One more every two seconds, should this machine be slow.
  expect(helped()).toBeLessThan(40);
});

test('what was taken is noted as begun in the same breath', async () => {
  useBotState();
  const telegram = await startTelegram();
  const memory = openMemory(9);
  const say = () => undefined;
  const workspace = openWorkspace({
    root: temporaryDirectory(),
    port: noSession(),
    allowExec: false,
  });
  const { signal } = new AbortController();
  const bot = createBot({
    api: openBotApi({ token: botToken, apiRoot: telegram.url, say }),
    memory,
    guests: createGuests({ now: Date.now, isMember: () => true, isKnownStranger: () => false }),
    workspace,
    model: undefined,
    signal,
    say,
  });
  const from = { id: 7, is_bot: false };
  const chat = { id: 7, type: 'private' };
  bot.handle({ update_id: 3, message: { message_id: 1, from, chat, date: 9e9, text: '/status' } });
  // A process that ends right here tells it after its next start.
  expect(openMemory(9).takeBegun()).toEqual([{ update: 3, chat: 7, text: '/status' }]);
  await telegram.user(7).sees(/^📊/);
  await bot.close();
  workspace.close();
});

test('/stop ends what runs and drops what waits', async () => {
  useBotState();
  const { telegram } = await useBot({ allowExec: true, spec: { a: 'a' } });
  const phone = telegram.user(7);
  phone.say('/exec run_command --command sleep --command 60');
  phone.press(await phone.sees(/^❓ Do run_command/), 'Yes, do it');
  await phone.sees(/^⏳ run_command/);
  phone.say('/exec edit_file {"file_path": "a", "content": "b"}');
  phone.say('/status');
  await phone.sees(/^📊/);
  phone.say('/stop');
  await phone.sees(/^⏹ Stopped: run_command/);
  await phone.sees(/^⏹ Stopping 2/);
  phone.say('/stop');
  await phone.sees('Nothing runs.');
});

test('what is too much is refused in words, a press of a button too', async () => {
  useBotState();
  const { telegram, root } = await useBot({ allowExec: true, spec: { a: 'a', b: 'b' } });
  const phone = telegram.user(7);
  phone.say('/exec delete_path --path b');
  const question = await phone.sees(/^❓ Do delete_path/);
  phone.say('/exec run_command --command sleep --command 60');
  phone.press(await phone.sees(/^❓ Do run_command/), 'Yes, do it');
  await phone.sees(/^⏳ run_command/);
  for (const content of 'bcdefg')
    phone.say(`/exec edit_file {"file_path": "a", "content": "${content}"}`);
  const refused = await phone.sees(/five orders wait already/);
  phone.press(question, 'Yes, do it');
  const answer = await waitFor(() =>
    phone.messages.find(({ id, text }) => id === question.id && /five orders wait/.test(text)),
  );
  expect(answer.text).toBe(refused.text);
  expect(existsSync(join(root, 'b'))).toBe(true);
});

test('Telegram updates come by a webhook too, with the secret only', async () => {
  useBotState();
  const telegram = await startTelegram();
  const webhook = { url: 'http://127.0.0.1:1/', host: '127.0.0.1', port: 0 };
  const { ready } = await useBot({ telegram, webhook });
  const set = () => telegram.calls.find(({ method }) => method === 'setWebhook')?.body;
  const secret = String((await waitFor(set)).secret_token);
  const from = { id: 7, is_bot: false };
  const text = '/help';
  const message = { message_id: 1, from, chat: { id: 7, type: 'private' }, date: 9e9, text };
  const post = async (body: unknown, token: string, method = 'POST') => {
    const headers = { 'x-telegram-bot-api-secret-token': token };
    const about = method === 'POST' ? { body: JSON.stringify(body) } : {};
    return (await fetch(`http://127.0.0.1:${ready.port}/`, { method, headers, ...about })).status;
  };
  expect(await post({ update_id: 1, message }, 'wrong')).toBe(403);
  expect(await post({ update_id: 1, message }, secret, 'GET')).toBe(405);
  expect(await post({ update_id: 2, message }, secret)).toBe(200);
  expect(await post({ update_id: 2, message }, secret)).toBe(200);
  await telegram.user(7).sees(/Your workspace/);
  expect(telegram.user(7).messages).toHaveLength(1);
});

test('no file that the bot writes holds the token, and a wrong one is told without it', async () => {
  useBotState();
  const { telegram, said } = await useBot();
  telegram.user(7).say('/help');
  await telegram.user(7).sees(/Your workspace/);
  const state = join(process.env.CAI_STATE_DIR as string, 'telegram');
  for (const name of readdirSync(state))
    expect(readFileSync(join(state, name), 'utf8')).not.toContain(botToken);
  expect(said.join('\n')).not.toContain(botToken);
  const wrong = `9:${'Wrong_'.repeat(6)}`;
  const failing = useBot({ telegram, token: wrong, patience: quick });
  await expect(failing).rejects.toMatchObject({ code: 'NO_ACCESS' });
  await failing.catch((error: Error) => {
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
      'Wrong_',
    );
  });
});

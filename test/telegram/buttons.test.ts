/** Every button below what the bot says by itself, with a live session behind it, and what each does to both sides. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { HistoryRow } from '../../src/cli/render-history.ts';
import type { SessionStatus } from '../../src/control/api.ts';
import { liveRecords } from '../../src/control/sessions.ts';
import { controlPort } from '../../src/mcp/control-port.ts';
import { useBot } from '../../src/telegram/testing.ts';
import type { McpPair } from '../support/mcp-pair.ts';
import { startMcpPair } from '../support/mcp-pair.ts';
import type { Person, Shown } from '../support/telegram.ts';
import { makeTree, temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

let made: McpPair;

beforeAll(async () => {
  made = await startMcpPair({ a: 'a\n' }, ['--conflicts', 'manual']);
  process.env.CAI_STATE_DIR = made.cai.stateDirectory;
});

afterEach(() => vi.restoreAllMocks());

afterAll(async () => {
  delete process.env.CAI_STATE_DIR;
  await made.stop();
});

/** A bot with two people on its list, and nothing that it remembers: each stand-in counts its updates anew. */
async function chat() {
  rmSync(join(made.cai.stateDirectory, 'telegram'), { recursive: true, force: true });
  const find = () => liveRecords()[0] as NonNullable<ReturnType<typeof liveRecords>[0]>;
  const port = controlPort({ side: 'local', find });
  const { telegram, stop } = await useBot({ root: made.near, port, users: [7, 8] });
  onTestFinished(stop);
  const alerts = () =>
    telegram.calls.flatMap(({ method, body }) =>
      method === 'answerCallbackQuery' && typeof body.text === 'string' ? [body.text] : [],
    );
  return { phone: telegram.user(7), other: telegram.user(8), alerts };
}

const both = (name: string) =>
  [made.near, made.far].map((root) =>
    existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : null,
  );
const flush = () => made.cai.run(['flush'], { cwd: made.near });
const status = async () =>
  JSON.parse(
    (await made.cai.run(['status', '--json'], { cwd: made.near })).stdout,
  ) as SessionStatus;

/** Both sides write the same file, while nothing is carried over; the notice of it, as it was shown. */
async function disagree(phone: Person, name: string): Promise<Shown> {
  await made.cai.json(['pause'], { cwd: made.near });
  for (const side of ['near', 'far'] as const) writeFileSync(join(made[side], name), `${side}\n`);
  await made.cai.json(['resume'], { cwd: made.near });
  return { ...(await phone.sees(new RegExp(`^⚠️ A conflict: ${name}: .*\\(open;`))) };
}

test.each([
  ['Keep local', ['near\n']],
  ['Keep container', ['far\n']],
  ['Keep both', ['far\n', 'near\n']],
] as const)('%s: on both sides, once, for one', async (label, kept) => {
  const name = label.replace(' ', '').toLowerCase();
  const { phone, other, alerts } = await chat();
  const notice = await disagree(phone, name);
  const theirs = { ...(await other.sees(notice.text)) };
  const labels = notice.buttons.map((button) => button.label);
  expect(labels).toEqual(['Keep local', 'Keep container', 'Keep both', 'Show diff']);
  phone.press(notice, 'Show diff');
  await phone.sees(/-near\n\+far\n/);
  other.press(notice, label);
  await waitFor(() => alerts().includes('This button is for somebody else.'));
  expect(both(name)).toEqual(['near\n', 'far\n']);

  phone.press(notice, label);
  await phone.sees(new RegExp(`^✅ Settled ${name}: `));
  await flush();
  const names = readdirSync(made.near).filter((one) => one.startsWith(name));
  expect(readdirSync(made.far).filter((one) => one.startsWith(name))).toEqual(names);
  const contents = names.map(both);
  expect(new Set(contents.map(([near]) => near))).toEqual(new Set(kept));
  expect(contents).toHaveLength(kept.length);
  for (const [near, far] of contents) expect(near).toBe(far);
  const history = await made.cai.json<HistoryRow[]>(['history', name], { cwd: made.near });
  expect(history).toContainEqual(expect.objectContaining({ by: 'telegram:7' }));

  // Once more, by the one who pressed it, and by the other one with a button of their own.
  for (const again of [label, 'Keep local']) phone.press(notice, again);
  const used = () => alerts().filter((text) => text.startsWith('This button was used'));
  await waitFor(() => used().length === 2);
  other.press(theirs, 'Keep local');
  await other.sees(/^❌ /);
  await flush();
  expect(names.map(both)).toEqual(contents);
});

/** Most of what there is. */
const directory = 'many';

/** The container loses 60 files; the notice of it, as it was shown. */
async function vanish(phone: Person): Promise<Shown> {
  const files = Array.from({ length: 60 }, (_, at) => [`${directory}/${at}`, `${at}`] as const);
  makeTree(made.near, Object.fromEntries(files));
  await flush();
  expect(count()).toEqual([60, 60]);
  takeAway(made.far);
  return { ...(await phone.sees(/^✋ 60 of \d+ files vanished from the container; /)) };
}

/** All at one stroke: of a slow removal the first few files go ahead before there is anything to hold. */
function takeAway(root: string): void {
  renameSync(join(root, directory), join(temporaryDirectory(), directory));
}

/** How many files either side has there. */
function count(): number[] {
  return [made.near, made.far].map((root) => {
    const path = join(root, directory);
    return existsSync(path) ? readdirSync(path).length : 0;
  });
}

const approve = 'Approve: delete them';
const reject = 'Reject: bring them back';

test.each([
  [approve, /^✅ Approved: they are being deleted/, [0, 0]],
  [reject, /^✅ Rejected: they come back/, [60, 60]],
] as const)('%s: on both sides, once, for one', async (label, answer, left) => {
  const { phone, other, alerts } = await chat();
  const notice = await vanish(phone);
  expect(notice.buttons.map((button) => button.label)).toEqual([approve, reject]);
  const theirs = { ...(await other.sees(notice.text)) };
  other.press(notice, label);
  await waitFor(() => alerts().includes('This button is for somebody else.'));
  expect(count()).toEqual([60, 0]);

  phone.press(notice, label);
  await phone.sees(answer);
  await flush();
  await waitFor(() => String(count()) === String(left));
  expect((await status()).holds).toEqual([]);

  for (const again of [approve, reject]) phone.press(notice, again);
  await waitFor(
    () => alerts().filter((text) => text.startsWith('This button was used')).length === 2,
  );
  other.press(theirs, approve);
  await other.sees('Nothing is held any more.');
  await flush();
  expect(count()).toEqual(left);
  if (label === reject) return;
  // What was approved is signed, and can be taken back.
  await made.cai.json(['undo', '--by', 'telegram:7'], { cwd: made.near });
  await flush();
  expect(count()).toEqual([60, 60]);
});

test('after a minute a button does nothing but ask, and after another minute not even that', async () => {
  const { phone, alerts } = await chat();
  const conflict = await disagree(phone, 'later');
  const held = await vanish(phone);
  const clock = vi.spyOn(Date, 'now');
  const start = Date.now();
  const pass = (ms: number) => clock.mockReturnValue(start + ms);
  onTestFinished(() => clock.mockRestore());

  pass(61_000);
  phone.press(conflict, 'Keep container');
  phone.press(held, approve);
  const questions = [
    { ...(await phone.sees('❓ Keep container for later?')) },
    { ...(await phone.sees(/^❓ 60 of \d+ files vanished .*\nApprove: delete them\?$/)) },
  ];
  pass(122_000);
  for (const question of questions) phone.press(question, 'Yes, do it');
  await waitFor(() => alerts().filter((text) => /too old/.test(text)).length === 2);
  await flush();
  expect(both('later')).toEqual(['near\n', 'far\n']);
  expect(count()).toEqual([60, 0]);

  // Asked for, both come with buttons anew.
  phone.say('/conflicts');
  const again = await waitFor(() => {
    const found = phone.messages.findLast(({ text }) => text.startsWith('⚠️ A conflict: later'));
    return found !== undefined && found.id > conflict.id ? found : undefined;
  });
  phone.press(again, 'Keep local');
  await phone.sees(/^✅ Settled later: local/);
  phone.say('/status');
  const shown = await phone.sees(/^📊[\s\S]*✋ 60 of \d+ files vanished/);
  phone.press(shown, reject);
  await phone.sees(/^✅ Rejected/);
  await flush();
  await waitFor(() => String(count()) === '60,60');
  expect(both('later')).toEqual(['near\n', 'near\n']);
});

test('a button for one hold does nothing for the next one, which is shown instead', async () => {
  const { phone } = await chat();
  const notice = await vanish(phone);
  await made.cai.json(['reject'], { cwd: made.near });
  await waitFor(() => String(count()) === '60,60');
  takeAway(made.near);
  await waitFor(async () => (await status()).holds.length === 1);
  phone.press(notice, approve);
  const fresh = await phone.sees(/^Nothing was done: what is held has changed\.\n✋ 60 of/);
  expect(count()).toEqual([0, 60]);
  phone.press(fresh, reject);
  await phone.sees(/^✅ Rejected/);
  await waitFor(() => String(count()) === '60,60');
});

test('/pause and /resume, by command and in plain words', async () => {
  const { phone } = await chat();
  phone.say('/pause');
  await phone.sees(/is paused/);
  writeFileSync(join(made.near, 'waits'), 'w');
  expect((await status()).state).toBe('paused');
  phone.say('please resume syncing');
  await phone.sees(/is resumed/);
  await flush();
  expect(both('waits')).toEqual(['w', 'w']);
});

/** The bot as a process, with a live session behind it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SessionStatus } from '../../src/control/api.ts';
import { liveRecords } from '../../src/control/sessions.ts';
import { controlPort } from '../../src/mcp/control-port.ts';
import type { UseBot } from '../../src/telegram/testing.ts';
import { useBot } from '../../src/telegram/testing.ts';
import { builtCli } from '../support/built.ts';
import { newCai } from '../support/cai.ts';
import { startMcpPair } from '../support/mcp-pair.ts';
import { startModel } from '../support/model.ts';
import { botToken, startTelegram } from '../support/telegram.ts';
import { startBot } from '../support/telegram-bot.ts';
import type { Made } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

async function pair(spec: Readonly<Record<string, Made>>, args: readonly string[] = []) {
  const made = await startMcpPair(spec, args);
  onTestFinished(made.stop);
  return made;
}

const source = 'export const answer = 42;\n';

test('the three exchanges of a chat, on the host', async () => {
  const { cai, near, far } = await pair({ 'src/index.ts': source });
  const [telegram, model] = await Promise.all([startTelegram(), startModel()]);
  const bot = await startBot({ cai, telegram, model, args: [near, '--user', '7'] });
  const phone = telegram.user(7);

  phone.say('/exec sync_from_local');
  await phone.sees('✅ Synced local changes to Docker workspace');

  model.script(
    { say: [{ type: 'tool_use', name: 'read_file', input: { path: 'src/index.ts' } }] },
    {
      say: [
        {
          type: 'tool_use',
          name: 'edit_file',
          input: { file_path: 'src/index.ts', content: `${source}console.log(answer);\n` },
        },
      ],
    },
    { say: [{ type: 'text', text: 'It prints the answer now.' }] },
  );
  phone.say('Edit src/index.ts and add a console.log');
  const edited = await phone.sees(/^✅ Edited src\/index\.ts - changes synced to local\n/);
  expect(edited.text).toContain('+console.log(answer);');
  expect(readFileSync(join(far, 'src/index.ts'), 'utf8')).toBe(`${source}console.log(answer);\n`);

  phone.say('Show me the current sync status');
  const status = await phone.sees(/^📊 Sync Status:/);
  expect(status.text.split('\n')).toEqual([
    '📊 Sync Status:',
    expect.stringMatching(/^- Local → Docker: Last sync (just now|\d+ s ago)$/),
    expect.stringMatching(/^- Docker → Local: Real-time \(\d+ files? synced in last hour\)$/),
    expect.stringMatching(/^- Workspace size: \d+ B$/),
  ]);

  phone.press(edited, 'Undo');
  await phone.sees(/^1 paths put back/);
  await cai.json(['flush'], { cwd: near });
  expect(readFileSync(join(far, 'src/index.ts'), 'utf8')).toBe(source);

  const processes = readFileSync(`/proc/${bot.pid}/cmdline`, 'utf8');
  expect(processes + bot.output()).not.toMatch(/AbcDef|sk-test/);
  expect(await bot.stop()).toBe(0);
});

test('the token is kept for its owner alone, or not used', async () => {
  const cai = newCai();
  const file = join(cai.stateDirectory, 'telegram', 'token');
  const save = (text: string) =>
    spawnSync(process.execPath, [builtCli(), 'telegram', '--save-token'], {
      input: text,
      encoding: 'utf8',
      env: { ...process.env, CAI_STATE_DIR: cai.stateDirectory },
    });
  expect(save('no token').status).toBe(2);
  expect(save(`${botToken}\n`)).toMatchObject({
    status: 0,
    stdout: `The token is kept in ${file}.\n`,
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  chmodSync(file, 0o640);
  const refused = await cai.run(['telegram', '--no-start']);
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('chmod 600') });
  chmodSync(file, 0o600);
  const telegram = await startTelegram();
  telegram.fail('getMe', { kind: 'status', code: 401 });
  const wrong = await cai.run(['telegram', '--no-start', '--api-root', telegram.url]);
  expect(wrong).toMatchObject({ code: 5, stderr: expect.stringContaining('@BotFather') });
  expect(wrong.stderr + wrong.stdout).not.toContain('AbcDef');
});

/** A bot in this process, over a session with open conflicts at hand. */
async function usePair() {
  const made = await pair({ a: 'a\n' }, ['--conflicts', 'manual']);
  process.env.CAI_STATE_DIR = made.cai.stateDirectory;
  onTestFinished(() => {
    delete process.env.CAI_STATE_DIR;
  });
  const telegram = await startTelegram();
  const start = (more: Partial<UseBot> = {}) => {
    const [record] = liveRecords();
    const find = () => record as NonNullable<typeof record>;
    return useBot({
      telegram,
      root: made.near,
      port: controlPort({ side: 'local', find }),
      ...more,
    });
  };
  const disagree = async (name: string) => {
    await made.cai.json(['pause'], { cwd: made.near });
    writeFileSync(join(made.near, name), `near ${name}\n`);
    writeFileSync(join(made.far, name), `far ${name}\n`);
    await made.cai.json(['resume'], { cwd: made.near });
  };
  return { ...made, phone: telegram.user(7), start, disagree };
}

test('a conflict is told once, over a restart too; an old button asks before it acts', async () => {
  const { phone, start, disagree, near } = await usePair();
  const first = await start();
  await disagree('b');
  await phone.sees(/^⚠️ A conflict: b: /);
  await first.stop();
  await start();
  phone.say('/conflicts');
  const told = await waitFor(() => phone.messages.filter(({ text }) => text.startsWith('⚠️'))[1]);
  const later = Date.now() + 61_000;
  const clock = vi.spyOn(Date, 'now').mockReturnValue(later);
  onTestFinished(() => clock.mockRestore());
  phone.press(told, 'Keep container');
  const question = await phone.sees('❓ Keep container for b?');
  phone.press(question, 'Yes, do it');
  await phone.sees(/^✅ Settled b: container/);
  expect(readFileSync(join(near, 'b'), 'utf8')).toBe('far b\n');
  expect(phone.messages.filter(({ text }) => text.startsWith('⚠️'))).toHaveLength(1);
});

test('in quiet hours nothing is told, and asked for it is', async () => {
  const { phone, start, disagree, cai, near } = await usePair();
  const minute = new Date().getHours() * 60 + new Date().getMinutes();
  await start({ quiet: { from: (minute + 1380) % 1440, to: (minute + 60) % 1440 } });
  await disagree('b');
  await waitFor(async () => {
    const status = await cai.run(['status', '--json'], { cwd: near });
    return (JSON.parse(status.stdout) as SessionStatus).conflicts.length === 1;
  });
  phone.say('/history');
  await phone.sees(/nothing was replaced|replaced/);
  phone.say('/conflicts');
  await phone.sees(/^⚠️ A conflict: b: /);
  phone.say('/undo');
  await phone.sees(/^❓ Do undo\n\d+ paths would be put back/);
  expect(phone.messages).toHaveLength(3);
});

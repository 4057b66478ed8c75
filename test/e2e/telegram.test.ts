/** The chat bot with a live session and a real container: from inside the container, and from the host. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { dist } from '../../scripts/fresh.mjs';
import { liveRecords } from '../../src/control/sessions.ts';
import { controlPort } from '../../src/mcp/control-port.ts';
import { useBot } from '../../src/telegram/testing.ts';
import { startContainer } from '../support/container.ts';
import { startModel } from '../support/model.ts';
import { describeNeeding } from '../support/needs.ts';
import type { Watched } from '../support/session.ts';
import { watch } from '../support/session.ts';
import { startTelegram } from '../support/telegram.ts';
import { startBot } from '../support/telegram-bot.ts';
import { waitFor } from '../support/wait.ts';

const source = 'export const answer = 42;\n';
const changed = `${source}console.log(answer);\n`;

describeNeeding(['docker'], 'the chat bot', () => {
  test('the exchanges "From Telegram", in the workspace container', async () => {
    const container = await startContainer({ network: 'host', volumes: [`${dist}:/cai:ro`] });
    await container.exec(['mkdir', '-p', '/app/workspace']);
    const watched = await watch(container, { root: '/app/workspace' });
    const { cai, local } = watched;
    const [telegram, model] = await Promise.all([startTelegram(), startModel()]);
    const args = ['--in-container', '/app/workspace', '--user', '7'];
    const bot = await startBot({ cai, telegram, model, args, inside: container.name });
    const phone = telegram.user(7);

    // None of what goes wrong on the way is seen in the chat.
    telegram.fail('sendMessage', { kind: 'status', code: 429, retryAfter: 1 });
    telegram.fail('getUpdates', { kind: 'cut', done: true });
    telegram.fail('editMessageText', { kind: 'status', code: 502 });
    watched.put({ 'src/index.ts': source });
    phone.say('/exec sync_from_local');
    await phone.sees('✅ Synced local changes to Docker workspace');
    expect(await watched.far('cat src/index.ts')).toBe(source);

    model.script(
      { status: 529 },
      { say: [{ type: 'tool_use', name: 'read_file', input: { path: 'src/index.ts' } }] },
      {
        say: [
          {
            type: 'tool_use',
            name: 'edit_file',
            input: {
              file_path: 'src/index.ts',
              edits: [{ old_text: source, new_text: changed }],
            },
          },
        ],
      },
      { say: [{ type: 'text', text: 'It prints the answer.' }] },
    );
    phone.say('Edit src/index.ts and add a console.log');
    const edited = await phone.sees(/^✅ Edited src\/index\.ts - changes synced to local\n/);
    expect(edited.text).toContain('\n+console.log(answer);\n');
    expect(readFileSync(join(local, 'src/index.ts'), 'utf8')).toBe(changed);

    phone.say('Show me the current sync status');
    const status = await phone.sees(/^📊 Sync Status:\n/);
    expect(status.text.split('\n')).toEqual([
      '📊 Sync Status:',
      expect.stringMatching(/^- Local → Docker: Last sync (just now|\d+ (s|min) ago)$/),
      expect.stringMatching(
        /^- Docker → Local: Real-time \([1-9]\d* files? synced in last hour\)$/,
      ),
      expect.stringMatching(/^- Workspace size: \d+ B$/),
    ]);

    await watched.flush();
    const history = await watched.history('src/index.ts');
    expect(history).toMatchObject([{ by: 'telegram:7' }]);
    await cai.json(['undo', '--by', 'telegram:7'], { cwd: local });
    await watched.same();
    expect(await watched.far('cat src/index.ts')).toBe(source);
    const processes = await container.exec(['sh', '-c', 'cat /proc/[0-9]*/cmdline']);
    const listed = processes.stdout + readFileSync(`/proc/${bot.pid}/cmdline`, 'utf8');
    expect(listed).toContain('telegram');
    expect(bot.output() + listed).not.toMatch(/AbcDef|sk-test/);
    expect(phone.messages).toHaveLength(3);

    // A container must not unlock its own deletions: the bot in it names the commands of the host.
    await loseMany(watched);
    const held = await phone.sees(/^✋ 60 of \d+ files vanished from the container/);
    const name = watched.name;
    const next = `From inside the container I may not answer this. On the host: \`cai approve ${name}\` removes them on the other side too, \`cai reject ${name}\` brings them back.`;
    expect(held.text.split('\n')[1]).toBe(next);
    expect(held.buttons).toEqual([]);
    phone.say('/exec approve');
    await phone.sees(/^❌ There is no tool approve\./);
    phone.say('/status');
    const asked = await phone.sees(/^📊[\s\S]*✋ 60 of/);
    expect(asked.text).toContain(next);
    expect(asked.buttons).toEqual([]);
    await cai.json(['reject', name]);
    await waitFor(async () => (await countMany(watched)) === 60);
    expect((await watched.same()).filter(({ path }) => path.startsWith('many/'))).toHaveLength(60);
  });

  test('what it says by itself, and the buttons below it', async () => {
    const container = await startContainer();
    const watched = await watch(container, { args: ['--conflicts', 'manual'] });
    process.env.CAI_STATE_DIR = watched.cai.stateDirectory;
    onTestFinished(() => {
      delete process.env.CAI_STATE_DIR;
    });
    const record = () => {
      const [found] = liveRecords();
      if (found === undefined) throw new Error('There is no session.');
      return found;
    };
    const port = controlPort({ side: 'local', find: record });
    const { telegram, stop } = await useBot({ root: watched.local, port });
    const phone = telegram.user(7);

    await disagree(watched, ['one']);
    const single = await phone.sees(/^⚠️ A conflict: one: /);
    phone.press(single, 'Show diff');
    await phone.sees(/-local one[\s\S]*\+container one/);
    phone.press(single, 'Keep container');
    await phone.sees(/^✅ Settled one: container/);
    await watched.same();
    expect(readFileSync(join(watched.local, 'one'), 'utf8')).toBe('container one\n');

    await disagree(watched, ['two', 'three']);
    const several = await phone.sees(/^⚠️ 2 conflicts:/);
    phone.press(several, 'Keep both (all 2)');
    await phone.sees(/Settled (two|three): both\n/);
    expect((await watched.same()).length).toBeGreaterThanOrEqual(5);

    await loseMany(watched);
    const held = { ...(await phone.sees(/^✋ /)) };
    phone.press(held, 'Reject: bring them back');
    await phone.sees(/^✅ Rejected/);
    await watched.until('no hold', ({ holds }) => holds.length === 0);
    await waitFor(async () => (await countMany(watched)) === 60);
    await takeMany(watched);
    const again = await waitFor(() =>
      phone.messages.find(({ id, text }) => id > held.id && text.startsWith('✋ ')),
    );
    phone.press(again, 'Approve: delete them');
    await phone.sees(/^✅ Approved/);
    await waitFor(() => !existsSync(join(watched.local, 'many')));
    await watched.same();

    await container.kill();
    await phone.sees(/^🔌 The link to the container is lost/, 30_000);
    await container.start();
    await phone.sees(/^🔗 The link to the container is back/, 60_000);
    expect(telegram.shown.filter(({ text }) => /^(🔌|🔗)/u.test(text))).toHaveLength(2);
    await stop();
  });
});

/** The container loses 60 files that both sides had. */
async function loseMany(watched: Watched): Promise<void> {
  const files = Array.from({ length: 60 }, (_, at) => [`many/${at}`, `content ${at}`] as const);
  watched.put(Object.fromEntries(files));
  await watched.flush();
  await takeMany(watched);
}

/** All at one stroke: of a slow removal the first few files go ahead before there is anything to hold. */
async function takeMany(watched: Watched): Promise<void> {
  await watched.far('mv many "$(mktemp -d)"');
}

async function countMany(watched: Watched): Promise<number> {
  return Number(await watched.far('ls many 2>/dev/null | wc -l; true'));
}

/** Makes both sides change the same files while nothing is carried over. */
async function disagree(watched: Watched, names: readonly string[]): Promise<void> {
  const { cai, name } = watched;
  await cai.json(['pause', name]);
  watched.put(Object.fromEntries(names.map((file) => [file, `local ${file}\n`])));
  await watched.putFar(Object.fromEntries(names.map((file) => [file, `container ${file}\n`])));
  await cai.json(['resume', name]);
}

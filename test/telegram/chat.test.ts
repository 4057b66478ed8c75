/** The bot as a process, with a live session behind it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startMcpPair } from '../support/mcp-pair.ts';
import { startModel } from '../support/model.ts';
import { startTelegram } from '../support/telegram.ts';
import { startBot } from '../support/telegram-bot.ts';
import type { Made } from '../support/tree.ts';

async function pair(spec: Readonly<Record<string, Made>>, args: readonly string[] = []) {
  const made = await startMcpPair(spec, args);
  onTestFinished(made.stop);
  return made;
}

const source = 'export const answer = 42;\n';

test('the three exchanges of a chat, on the host', async () => {
  const { cai, near, far } = await pair({ 'src/index.ts': source });
  const [telegram, model] = await Promise.all([startTelegram(), startModel()]);
  await startBot({ cai, telegram, model, args: [near, '--user', '7'] });
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
  const edited = await phone.sees(/^✅ Edited src\/index\.ts - changes synced to local/);
  expect(edited.text).toContain('+console.log(answer);');
  expect(readFileSync(join(far, 'src/index.ts'), 'utf8')).toBe(`${source}console.log(answer);\n`);

  phone.say('Show me the current sync status');
  const status = await phone.sees(/^📊 Sync Status:/);
  expect(status.text.split('\n')).toEqual([
    '📊 Sync Status:',
    expect.stringMatching(/^- Local → Docker: Last sync (just now|\d+ s ago)$/),
    expect.stringMatching(/^- Docker → Local: Real-time \(\d+ files synced in last hour\)$/),
    expect.stringMatching(/^- Workspace size: \d+ B$/),
  ]);

  await cai.json(['undo', '--by', 'telegram:7'], { cwd: near });
  await cai.json(['flush'], { cwd: near });
  expect(readFileSync(join(far, 'src/index.ts'), 'utf8')).toBe(source);
});

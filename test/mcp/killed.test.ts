/** A server that is killed in the middle of a write: what it leaves goes at the next start of a server, and not before. */
import { readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, onTestFinished, test } from 'vitest';
import { newCai } from '../support/cai.ts';
import { connectStdio } from '../support/mcp.ts';
import { temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

const isDraft = (name: string | null) => /^\.cai-mcp-[0-9a-f]{16}$/.test(name ?? '');

test('its draft is swept by the next server, that of a living one is not', async () => {
  const cai = newCai();
  const root = temporaryDirectory();
  const own = () => readdirSync(root).filter((name) => name.startsWith('.cai-'));
  const drafts = () => readdirSync(join(root, 'd')).filter(isDraft);
  const start = () => connectStdio(cai, [root, '--no-start']);
  await (await start()).use('create_directory', { path: 'd' });

  const watcher = watch(join(root, 'd'));
  onTestFinished(() => watcher.close());
  // The moment is short: whoever finished before the kill is let go, and the next one tried.
  for (let tries = 0; drafts().length === 0; tries += 1) {
    expect(tries).toBeLessThan(20);
    const { client } = await start();
    const { pid } = client.transport as StdioClientTransport;
    const begun = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => isDraft(String(name)) && resolve());
    });
    const content = 'x'.repeat(8_000_000);
    const call = client.callTool({ name: 'write_file', arguments: { path: 'd/f', content } });
    const failed = call.then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([begun, failed]);
    process.kill(pid as number, 'SIGKILL');
    await failed;
  }
  const [left] = drafts();
  expect(own()).toHaveLength(1);

  await start();
  await waitFor(() => own().length === 0, { what: 'the sweep' });
  expect(drafts()).not.toContain(left);
  expect(readdirSync(root)).toEqual(['d']);
});

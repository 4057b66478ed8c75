/** `cai call` ends when it is told to, whatever the server does. */
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { builtCli } from '../support/built.ts';
import { newCai } from '../support/cai.ts';
import { waitFor } from '../support/wait.ts';

/** Takes connections and answers nothing, or closes them at once; how many it had. */
async function mute(how: 'silent' | 'closing') {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.on('error', () => {});
    if (how === 'closing') socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp`, count: () => count };
}

test.each([
  ['asks a server that does not answer', 'silent', ['sync_status']],
  ['wants the tools of a server that does not answer', 'silent', []],
  ['waits for a server', 'closing', ['--wait', '3600', 'sync_status']],
] as const)('while it %s', async (_, how, args) => {
  const { url, count } = await mute(how);
  const child = spawn(process.execPath, [builtCli(), 'call', '--url', url, ...args], {
    env: { ...process.env, CAI_STATE_DIR: newCai().stateDirectory, CAI_MCP_TOKEN: 'x'.repeat(20) },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let code: number | null | undefined;
  child.once('close', (given) => {
    code = given;
  });
  await waitFor(() => count() > 0, { what: 'its request' });
  child.kill('SIGINT');
  await waitFor(() => code !== undefined, { what: 'its end' });
  expect(code).toBe(130);
});

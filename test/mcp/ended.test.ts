/** A server that is ended, or whose client is gone, leaves nothing running that it started. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished, test } from 'vitest';
import { builtCli } from '../support/built.ts';
import { newCai } from '../support/cai.ts';
import { temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

/** Says its process id, and then something again and again, whether anybody listens or not. */
const program = `
  process.stdout.on('error', () => {});
  require('fs').writeFileSync('pid', String(process.pid));
  setInterval(() => console.log('tick'), 20);`;

/** A server that runs the program for a client. */
async function running() {
  const root = temporaryDirectory();
  const args = ['mcp', root, '--no-start', '--allow-exec'];
  const server = spawn(process.execPath, [builtCli(), ...args], {
    env: { ...process.env, CAI_STATE_DIR: newCai().stateDirectory },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  onTestFinished(() => void server.kill('SIGKILL'));
  const told: string[] = [];
  createInterface({ input: server.stdout }).on('line', (line) => told.push(line));
  const send = (message: object) =>
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const clientInfo = { name: 'test', version: '1' };
  const initialize = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  send({ id: 1, method: 'initialize', params: initialize });
  send({ method: 'notifications/initialized' });
  const call = { name: 'run_command', arguments: { command: [process.execPath, '-e', program] } };
  const _meta = { progressToken: 1 };
  send({ id: 2, method: 'tools/call', params: { ...call, _meta } });
  await waitFor(() => told.some((line) => line.includes('tick')), { what: 'its progress' });
  const pid = Number(readFileSync(join(root, 'pid'), 'utf8'));
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return { server, ended, pid };
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s', async (signal) => {
  const { server, ended, pid } = await running();
  server.kill(signal);
  await ended;
  await waitFor(() => !isAlive(pid), { what: 'the end of the program' });
});

test('when nobody reads its answers any more', async () => {
  const { server, ended, pid } = await running();
  server.stdout.destroy();
  await ended;
  await waitFor(() => !isAlive(pid), { what: 'the end of the program' });
});

test('when the client closes its end', async () => {
  const { server, ended, pid } = await running();
  server.stdin.end();
  await ended;
  await waitFor(() => !isAlive(pid), { what: 'the end of the program' });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

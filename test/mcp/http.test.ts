/** `cai serve` with the SDK's real client over HTTP, while a session runs, in both eras; and who is kept out. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { connectHttp, eras, type Served, serve } from '../support/mcp.ts';
import { type McpPair, startMcpPair } from '../support/mcp-pair.ts';
import { waitFor } from '../support/wait.ts';

let pair: McpPair;
let served: Served;

beforeAll(async () => {
  pair = await startMcpPair({ 'src/index.ts': 'let a = 1;\n' });
  served = await serve(pair.cai, [pair.near]);
  return async () => {
    await served.stop();
    await pair.stop();
  };
});

describe.each(eras)('a %s client', (era) => {
  test('works as over stdio', async () => {
    const { say, use, client } = await connectHttp(served, { era, name: 'Cursor' });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('edit_file');
    const text = await say('edit_file', { file_path: `${era}.txt`, content: 'x' });
    expect(text).toMatch(/^Created \w+\.txt, in the container after \d+ ms$/);
    expect(readFileSync(join(pair.far, `${era}.txt`), 'utf8')).toBe('x');
    expect(await use('sync_status')).toMatchObject({ state: 'watching' });
  });

  test('reads resources and is told at once when they change', async () => {
    const { client } = await connectHttp(served, { era });
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([
      'cai://status',
      'cai://conflicts',
      'cai://events',
    ]);
    const file = 'cai://files/src/index.ts';
    const { contents } = await client.readResource({ uri: file });
    expect(contents).toMatchObject([{ uri: file, mimeType: 'text/plain' }]);
    const told: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      told.push(params.uri);
    });
    if (era === 'legacy') await client.subscribeResource({ uri: file });
    else await client.listen({ resourceSubscriptions: [file] });
    writeFileSync(join(pair.far, 'src/index.ts'), `let a = '${era}';\n`);
    await waitFor(() => told.length > 0, { what: 'a notification' });
    expect(told[0]).toBe(file);
  });
});

describe('who is kept out', () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });

  async function ask(
    path: string,
    headers: Record<string, string>,
    method = 'POST',
  ): Promise<number> {
    const { port } = new URL(served.url);
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.once('error', reject);
      sent.end(method === 'POST' ? body : undefined);
    });
  }

  const good = () => ({
    Authorization: `Bearer ${served.token}`,
    'Content-Type': 'application/json',
  });

  test.each([
    ['no token', {}, 401],
    ['a wrong token', { Authorization: 'Bearer wrong-wrong-wrong-wrong' }, 401],
    ['another scheme', { Authorization: 'Basic eDp5' }, 401],
  ])('%s', async (_, headers, status) => {
    expect(await ask('/mcp', { 'Content-Type': 'application/json', ...headers })).toBe(status);
  });

  test('a foreign Host or Origin, also with the token', async () => {
    expect(await ask('/mcp', { ...good(), Host: 'evil.example' })).toBe(403);
    expect(await ask('/mcp', { ...good(), Origin: 'https://evil.example' })).toBe(403);
    expect(await ask('/mcp', { ...good(), Origin: 'null' })).toBe(403);
  });

  test('an unknown session, a session that was never opened, and other paths', async () => {
    expect(await ask('/mcp', { ...good(), 'Mcp-Session-Id': 'nobody' })).toBe(404);
    expect(await ask('/mcp', good())).toBe(400);
    expect(await ask('/elsewhere', good())).toBe(404);
  });

  test('the health needs no token, and the token is nowhere in what the server says', async () => {
    expect(await ask('/health', {}, 'GET')).toBe(200);
    expect(served.output()).not.toContain(served.token);
    expect(statSync(join(pair.cai.stateDirectory, 'mcp-token')).mode & 0o777).toBe(0o600);
  });
});

test('a second server at the same port says so, and ends though a session runs', async () => {
  const { port } = new URL(served.url);
  const args = ['serve', pair.near, '--port', port];
  const { code, stderr } = await pair.cai.run(args, { seconds: 20 });
  expect(stderr).toContain(`Port ${port} is taken. (BUSY)`);
  expect(code).toBe(exitCodes.BUSY);
});

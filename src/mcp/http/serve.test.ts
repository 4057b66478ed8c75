/** The HTTP server's promises to clients of the older revisions, and its bounds. */
import { createConnection } from 'node:net';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { newClient } from '../../../test/support/mcp.ts';
import { waitFor } from '../../../test/support/wait.ts';
import { addressGuard } from './guard.ts';
import type { HttpInput, HttpServer } from './serve.ts';
import { serveHttp } from './serve.ts';

interface Seen {
  started: number;
  aborted: number;
}

/** A server with one tool that only ends when it is cancelled, and one that closes its stream. */
function makeServer(seen: Seen): McpServer {
  const server = new McpServer({ name: 'test', version: '1' });
  const config = { description: 'x', inputSchema: z.object({}) };
  server.registerTool('wait', config, async (_, { mcpReq }) => {
    seen.started += 1;
    await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve));
    seen.aborted += 1;
    return { content: [] };
  });
  server.registerTool('drop', config, async (_, { http }) => {
    http?.closeSSE?.();
    return { content: [{ type: 'text', text: 'came all the same' }] };
  });
  return server;
}

async function start(input: Partial<HttpInput> = {}): Promise<HttpServer & { seen: Seen }> {
  const seen = { started: 0, aborted: 0 };
  const server = await serveHttp({
    makeServer: () => makeServer(seen),
    guard: addressGuard([]),
    host: '127.0.0.1',
    port: 0,
    onError: () => undefined,
    ...input,
  });
  onTestFinished(server.close);
  return { ...server, seen };
}

async function connect({ url }: HttpServer, era: 'legacy' | 'modern' = 'legacy') {
  const transport = new StreamableHTTPClientTransport(new URL(url));
  const client = newClient(era);
  await client.connect(transport);
  onTestFinished(() => client.close());
  return { client, transport };
}

test('an idle connection outlives a client that is held up, unless there are very many', async () => {
  const { url, port } = await start();
  const keptFor = async (): Promise<string | null> => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const answer = await fetch(url, { method: 'POST', body: '{}', headers });
    await answer.text();
    return answer.headers.get('keep-alive');
  };
  expect(await keptFor()).toBe('timeout=75');
  const sockets = Array.from({ length: 140 }, () => createConnection(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await waitFor(async () => (await keptFor()) === null);
});

test.each(['legacy', 'modern'] as const)(
  'a call of a %s client ends when it is cancelled',
  async (era) => {
    const server = await start();
    const { client } = await connect(server, era);
    const cancel = new AbortController();
    const call = client.callTool({ name: 'wait', arguments: {} }, { signal: cancel.signal });
    await waitFor(() => server.seen.started === 1);
    cancel.abort();
    await expect(call).rejects.toThrow();
    await waitFor(() => server.seen.aborted === 1, { what: 'the end of the call' });
  },
);

test('a client whose stream was closed goes on where it was', async () => {
  const { client } = await connect(await start());
  const { content } = await client.callTool({ name: 'drop', arguments: {} }, { timeout: 10_000 });
  expect(content).toEqual([{ type: 'text', text: 'came all the same' }]);
});

test('sessions end: by the client, and when nobody uses them', async () => {
  const server = await start({ idleMs: 1000 });
  const first = await connect(server);
  expect(server.sessions()).toBe(1);
  await first.transport.terminateSession();
  expect(server.sessions()).toBe(0);
  const second = await connect(server);
  await second.client.close();
  await waitFor(() => server.sessions() === 0, { what: 'the end of an unused session' });
});

test('too many sessions: one that nobody uses gives way, one in use does not', async () => {
  const server = await start({ maxSessions: 2 });
  const idle = await connect(server);
  await idle.client.close();
  for (let more = 0; more < 2; more += 1) {
    const { client } = await connect(server);
    void client.callTool({ name: 'wait', arguments: {} }).catch(() => undefined);
    await waitFor(() => server.seen.started === more + 1);
  }
  expect(server.sessions()).toBe(2);
  await expect(connect(server)).rejects.toThrow('too many sessions');
});

test('a body that is too large is refused before it is read', async () => {
  const { url } = await start();
  const headers = { 'Content-Type': 'application/json' };
  const body = `"${'x'.repeat(17 * 1024 * 1024)}"`;
  const sent = fetch(url, { method: 'POST', headers, body }).then(({ status }) => status);
  // A server that stops reading may close before all of it was sent.
  expect(await sent.catch(() => 413)).toBe(413);
});

test('a port that is taken is told so', async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toMatchObject({
    code: 'BUSY',
    next: expect.stringContaining('--port'),
  });
});

test('who is not let in is answered before a byte of the body was sent', async () => {
  const { port } = await start({ guard: () => Response.json({}, { status: 401 }) });
  const socket = createConnection({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n');
  await waitFor(() => answer.startsWith('HTTP/1.1 401'));
  await waitFor(() => socket.readableEnded || socket.destroyed, {
    what: 'the end of the connection',
  });
});

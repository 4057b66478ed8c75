/**
 * MCP over streamable HTTP, both eras at one address: the stateless revision with a server for each request, the
 * older ones with sessions. /health answers without a token.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import type { NodeIncomingMessageLike } from '@modelcontextprotocol/node';
import { toNodeHandler } from '@modelcontextprotocol/node';
import type { McpHttpHandler, McpServer } from '@modelcontextprotocol/server';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import { CaiError } from '../../errors.ts';
import { attachUpdates, maxFollowed, tooMany } from '../attach.ts';
import { urisOfListen } from '../listens.ts';
import type { Updates } from '../updates.ts';
import type { FollowBus } from './follow-bus.ts';
import { createFollowBus } from './follow-bus.ts';
import type { Guard } from './guard.ts';
import type { Sessions } from './sessions.ts';
import { createSessions } from './sessions.ts';

export interface HttpInput {
  readonly makeServer: (era: 'legacy' | 'modern') => McpServer;
  readonly updates?: Updates;
  readonly guard: Guard;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly maxSessions?: number;
  readonly idleMs?: number;
  readonly onError: (message: string) => void;
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Sessions of older clients that are open. */
  readonly sessions: () => number;
  close(): Promise<void>;
}

const maxBodyBytes = 16 * 1024 * 1024;
const maxConnections = 256;
/**
 * Longer than a client on a busy machine is held up: with Node's five seconds it sent the answer to a question of ours
 * (sampling, elicitation) on a connection that was closed just then, and the call waited for it in vain.
 */
const keepAliveMs = 75_000;
const maxSubscriptions = 256;
const listen = 'subscriptions/listen';

/** Throws BUSY when the port is taken. */
export async function serveHttp(input: HttpInput): Promise<HttpServer> {
  const onError = (error: Error): void => input.onError(error.message);
  const bus = createFollowBus(onError);
  const modern = createMcpHandler(() => input.makeServer('modern'), {
    legacy: 'reject',
    bus,
    maxRequestBodySize: maxBodyBytes,
    maxSubscriptions,
    onerror: onError,
  });
  const legacy = createSessions({
    makeServer() {
      const server = input.makeServer('legacy');
      if (input.updates !== undefined) attachUpdates(server, input.updates);
      return server;
    },
    maxSessions: input.maxSessions ?? 64,
    idleMs: input.idleMs ?? 30 * 60_000,
    maxBodyBytes,
    onError,
  });
  const fetch = route({ modern, legacy, bus });
  const handler = toNodeHandler({ fetch }, { maxRequestBodySize: maxBodyBytes, onerror: onError });
  const server = createHttpServer((request, response) => {
    if (isCrowded()) response.shouldKeepAlive = false;
    const answer = early(request, input.guard);
    if (answer === undefined) void handler(request as NodeIncomingMessageLike, response);
    else void send(answer, response);
  });
  const isCrowded = bound(server);
  await open(server, input);
  const stop = input.updates?.listen({
    followed: bus.followed,
    onUpdate: (uri) => modern.notify.resourceUpdated(uri),
  });
  return toHttpServer(
    server,
    input.host,
    async () => {
      stop?.();
      await Promise.all([modern.close(), legacy.close()]);
    },
    legacy.size,
  );
}

/** Answers whether so many connections are open that none should be kept for later. */
function bound(server: Server): () => boolean {
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
  });
  server.maxConnections = maxConnections;
  server.keepAliveTimeout = keepAliveMs;
  // A request's head must come soon; its answer may be a stream that stays open.
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  return () => open > maxConnections / 2;
}

/** What is answered without reading a body: who is not let in must not fill the memory. */
function early(request: IncomingMessage, guard: Guard): Response | undefined {
  const [path = ''] = (request.url ?? '').split('?');
  if (path === '/health') return Response.json({ status: 'ok' });
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string') headers.set(name, value);
  const refusal = guard(new Request('http://localhost/', { headers }));
  if (refusal !== undefined) return refusal;
  if (path === '/mcp' || path === '/') return undefined;
  const body = { error: 'not_found', error_description: 'MCP is at /mcp.' };
  return Response.json(body, { status: 404 });
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  // The rest of the request is not waited for.
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), connection: 'close' });
  response.end(await answer.text());
}

interface Eras {
  readonly modern: McpHttpHandler;
  readonly legacy: Sessions;
  readonly bus: FollowBus;
}

function route({ modern, legacy, bus }: Eras): (request: Request) => Promise<Response> {
  return async (request) => {
    const options = { maxRequestBodySize: maxBodyBytes };
    if (await isLegacyRequest(request, undefined, options)) return legacy.fetch(request);
    // The SDK refuses a request whose header says something else than its body.
    if (request.headers.get('mcp-method')?.trim() !== listen) return modern.fetch(request);
    const body: unknown = await request.clone().json();
    const uris = urisOfListen(body);
    if (uris.length <= maxFollowed) return bus.serving(uris, () => modern.fetch(request));
    const { id = null } = body as { readonly id?: unknown };
    return Response.json({ jsonrpc: '2.0', id, error: { code: -32602, message: tooMany } });
  };
}

function open(server: Server, { host, port }: HttpInput): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      const message = taken
        ? `Port ${port} is taken.`
        : `${host}:${port} cannot be used: ${cause.message}`;
      const next = taken
        ? 'End what uses it, or choose another one with --port.'
        : 'Choose another --host.';
      reject(new CaiError('BUSY', message, { next, cause }));
    });
    server.listen({ host, port }, () => resolve());
  });
}

function toHttpServer(
  server: Server,
  host: string,
  end: () => Promise<void>,
  sessions: () => number,
): HttpServer {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const name =
    host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${port}/mcp`,
    port,
    sessions,
    async close() {
      await end();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

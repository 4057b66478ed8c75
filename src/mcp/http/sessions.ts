/**
 * Clients of the older revisions keep a session: their cancellations and subscriptions only work when
 * all their requests reach the same server. Sessions are bounded in number and end when nobody uses them.
 */
import { randomUUID } from 'node:crypto';
import type { McpServer } from '@modelcontextprotocol/server';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { createEventStore } from './event-store.ts';

export interface SessionsInput {
  readonly makeServer: () => McpServer;
  readonly maxSessions: number;
  readonly idleMs: number;
  readonly maxBodyBytes: number;
  readonly onError: (error: Error) => void;
}

export interface Sessions {
  /** Answers a request of an older revision. */
  fetch(request: Request): Promise<Response>;
  readonly size: () => number;
  close(): Promise<void>;
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: McpServer;
  used: number;
  /** Requests and streams that are open. */
  active: number;
}

export function createSessions(input: SessionsInput): Sessions {
  const sessions = new Map<string, Session>();
  const sweep = setInterval(() => expire(sessions, input), Math.min(input.idleMs, 60_000));
  sweep.unref();

  async function fetch(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id');
    if (id === null) return open(request);
    const session = sessions.get(id);
    if (session === undefined) return fault(404, -32001, 'There is no such session; start anew.');
    return through(session, request);
  }

  async function open(request: Request): Promise<Response> {
    if (!(await isInitialize(request)))
      return fault(400, -32000, 'Bad Request: Mcp-Session-Id header is required');
    if (sessions.size >= input.maxSessions && !evict(sessions))
      return fault(503, -32000, 'There are too many sessions.', { 'Retry-After': '30' });
    const server = input.makeServer();
    const transport: WebStandardStreamableHTTPServerTransport =
      new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        eventStore: createEventStore(),
        retryInterval: 1000,
        maxRequestBodySize: input.maxBodyBytes,
        onsessioninitialized: (made) => {
          sessions.set(made, session);
        },
        onsessionclosed: (ended) => {
          sessions.delete(ended);
        },
      });
    const session: Session = { transport, server, used: Date.now(), active: 0 };
    await server.connect(transport);
    const response = await through(session, request);
    if (transport.sessionId === undefined) await server.close();
    return response;
  }

  return {
    fetch,
    size: () => sessions.size,
    async close() {
      clearInterval(sweep);
      await Promise.all([...sessions.values()].map(({ server }) => server.close()));
      sessions.clear();
    },
  };
}

/** A session is in use until the last byte of the answer, which for a stream can take hours. */
async function through(session: Session, request: Request): Promise<Response> {
  session.active += 1;
  const done = once(() => {
    session.active -= 1;
    session.used = Date.now();
  });
  try {
    const response = await session.transport.handleRequest(request);
    if (response.body === null) {
      done();
      return response;
    }
    return new Response(watched(response.body, { onEnd: done, gone: request.signal }), response);
  } catch (error) {
    done();
    throw error;
  }
}

interface Watch {
  readonly onEnd: () => void;
  /** The client has gone; whoever writes the answer only notices with the next byte. */
  readonly gone: AbortSignal;
}

function watched(
  body: ReadableStream<Uint8Array>,
  { onEnd, gone }: Watch,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const leave = (): void => {
    onEnd();
    reader.cancel().catch(() => undefined);
  };
  gone.addEventListener('abort', leave, { once: true });
  if (gone.aborted) leave();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (value !== undefined) controller.enqueue(value);
        if (!done) return;
        onEnd();
        controller.close();
      } catch (error) {
        onEnd();
        controller.error(error);
      }
    },
    async cancel(reason) {
      onEnd();
      await reader.cancel(reason);
    },
  });
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}

function expire(sessions: Map<string, Session>, { idleMs, onError }: SessionsInput): void {
  const before = Date.now() - idleMs;
  for (const [id, { active, used, server }] of sessions) {
    if (active > 0 || used > before) continue;
    sessions.delete(id);
    server.close().catch(onError);
  }
}

/** Ends the session that was unused for longest; false when all are in use. */
function evict(sessions: Map<string, Session>): boolean {
  const idle = [...sessions].filter(([, { active }]) => active === 0);
  const [oldest] = idle.sort(([, a], [, b]) => a.used - b.used);
  if (oldest === undefined) return false;
  sessions.delete(oldest[0]);
  void oldest[1].server.close();
  return true;
}

async function isInitialize(request: Request): Promise<boolean> {
  if (request.method !== 'POST') return false;
  try {
    const body = (await request.clone().json()) as unknown;
    const messages = Array.isArray(body) ? body : [body];
    return messages.some((message) => (message as { method?: unknown })?.method === 'initialize');
  } catch {
    // What is no JSON gets its answer from a transport.
    return true;
  }
}

function fault(
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers });
}

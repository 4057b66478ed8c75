/** A stand-in for Anthropic's messages API over real HTTP: it answers as it is told to, and keeps what it was asked. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly name: string; readonly input: unknown };

export interface Asked {
  readonly model: string;
  readonly system: string;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools: readonly { readonly name: string }[];
}

export type Turn =
  | { readonly say: readonly Block[]; readonly tokens?: number }
  | { readonly status: number; readonly retryAfter?: number }
  | { readonly wait: number }
  | { readonly cut: true };

export interface ModelServer {
  readonly url: string;
  readonly asked: readonly Asked[];
  readonly keys: ReadonlySet<string>;
  /** How many requests were given up by who asked. */
  readonly left: () => number;
  /** What it does next, one for each request; the last goes on for ever. */
  script(...turns: readonly (Turn | ((asked: Asked) => Turn))[]): void;
}

export async function startModel(): Promise<ModelServer> {
  const asked: Asked[] = [];
  const keys = new Set<string>();
  let left = 0;
  let turns: readonly (Turn | ((asked: Asked) => Turn))[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
      asked.push(body);
      const { authorization, 'x-api-key': key = authorization } = request.headers;
      keys.add(String(key).replace(/^Bearer /, ''));
      const [first, ...rest] = turns;
      if (rest.length > 0) turns = rest;
      const turn = typeof first === 'function' ? first(body) : (first ?? { status: 500 });
      const end = (status: number, value: unknown) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
      };
      if ('cut' in turn) return request.socket.destroy();
      if ('wait' in turn) {
        response.once('close', () => {
          left += 1;
        });
        return void setTimeout(() => end(500, {}), turn.wait).unref();
      }
      if ('status' in turn && turn.retryAfter !== undefined)
        response.setHeader('retry-after', turn.retryAfter);
      if ('status' in turn)
        return end(turn.status, { type: 'error', error: { type: 'x', message: 'told to' } });
      return end(200, message(turn, body.model, asked.length));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    keys,
    left: () => left,
    script: (...given) => {
      turns = given;
    },
  };
}

function message(
  { say, tokens = 100 }: Extract<Turn, { say: unknown }>,
  model: string,
  at: number,
) {
  const content = say.map((block, index) =>
    block.type === 'tool_use' ? { ...block, id: `toolu_${at}_${index}` } : block,
  );
  const usesTools = content.some(({ type }) => type === 'tool_use');
  return {
    id: `msg_${at}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: usesTools ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: tokens, output_tokens: 10 },
  };
}

/** Brings updates in, each once: by long polling, or as Telegram posts them to a webhook. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CaiError, toCaiError } from '../errors.ts';
import type { BotApi } from './bot-api.ts';
import type { Memory } from './memory.ts';

export interface ReceiveInput {
  readonly api: BotApi;
  readonly memory: Memory;
  readonly signal: AbortSignal;
  readonly handle: (update: unknown) => void;
  /** False for what nothing will be done for. */
  readonly matters: (update: unknown) => boolean;
  readonly pollSeconds?: number;
  /** Milliseconds until an update that could not be noted as taken is asked for again. Default 5,000. */
  readonly retryMs?: number;
  /** For the host's log. */
  readonly say: (line: string) => void;
}

const wanted = ['message', 'callback_query'] as const;

/** Until the signal. Throws when Telegram refuses. */
export async function poll(input: ReceiveInput): Promise<void> {
  const { api, signal } = input;
  const again = { again: true, forever: true, signal };
  await api.call('deleteWebhook', (to, stop) => to.deleteWebhook({}, stop as never), again);
  try {
    await pollUntilEnd(input);
  } finally {
    if (signal.aborted) await confirm(input);
  }
}

async function pollUntilEnd(input: ReceiveInput): Promise<void> {
  const { api, memory, signal, pollSeconds = 30, retryMs = 5_000 } = input;
  const again = { again: true, forever: true, signal };
  while (!signal.aborted) {
    const offset = memory.offset();
    const query = {
      timeout: pollSeconds,
      allowed_updates: wanted,
      ...(offset === undefined ? {} : { offset }),
    };
    const updates = await api.call(
      'getUpdates',
      (to, stop) => to.getUpdates(query, stop as never),
      again,
    );
    for (const update of updates) {
      if (accepted(input, update)) continue;
      // From this one on, once more: a disk that is full for a while must not end the bot.
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      break;
    }
  }
}

/** False when it could not be noted as taken: nothing is done for it, and Telegram still has it. */
function accepted(input: ReceiveInput, update: unknown): boolean {
  try {
    accept(input, update);
    return true;
  } catch (error) {
    input.say(`an update was not taken: ${toCaiError(error).message}`);
    return false;
  }
}

/** Tells Telegram what was taken, so that it need not be remembered here alone. */
async function confirm({ api, memory }: ReceiveInput): Promise<void> {
  const offset = memory.offset();
  if (offset === undefined) return;
  const query = { offset, limit: 1, timeout: 0, allowed_updates: wanted };
  const options = { again: false, signal: AbortSignal.timeout(2000) };
  await api
    .call('getUpdates', (to, stop) => to.getUpdates(query, stop as never), options)
    .catch(() => undefined);
}

/** What is no update is nothing; what was taken before is not done again. */
function accept({ memory, handle, matters }: ReceiveInput, update: unknown): void {
  const id = (update as { update_id?: unknown } | null)?.update_id;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return;
  if (!matters(update)) memory.skip(id);
  else if (memory.take(id)) handle(update);
}

export interface WebhookInput extends ReceiveInput {
  /** Where Telegram finds it. */
  readonly publicUrl: string;
  readonly host: string;
  readonly port: number;
  readonly onListening: (port: number) => void;
}

const maxBytes = 1024 * 1024;

/** Until the signal; Telegram is told where to post, and to stop at the end. */
export async function serveWebhook(input: WebhookInput): Promise<void> {
  const { api, signal, publicUrl } = input;
  const secret = randomBytes(32).toString('base64url');
  const server = createServer((request, response) => void answer(input, secret, request, response));
  await listen(server, input);
  const address = server.address();
  input.onListening(typeof address === 'object' && address !== null ? address.port : input.port);
  try {
    const options = { secret_token: secret, allowed_updates: wanted, max_connections: 1 };
    await api.call('setWebhook', (to, stop) => to.setWebhook(publicUrl, options, stop as never), {
      again: true,
      signal,
    });
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    server.close();
    server.closeAllConnections();
    const end = AbortSignal.timeout(3000);
    const options = { again: false, signal: end };
    await api
      .call('deleteWebhook', (to, stop) => to.deleteWebhook({}, stop as never), options)
      .catch(() => undefined);
  }
}

function listen(server: Server, { host, port }: WebhookInput): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new CaiError('IO', `Nothing can listen at ${host}:${port}: ${toCaiError(cause).message}`, {
          next: 'Name another place with --listen.',
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function answer(
  input: WebhookInput,
  secret: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const end = (status: number): void => {
    response.writeHead(status).end();
  };
  if (request.method !== 'POST') return end(405);
  if (!isSame(request.headers['x-telegram-bot-api-secret-token'], secret)) return end(403);
  const update = await readUpdate(request);
  if (typeof update === 'number') return end(update);
  // Taken before it is answered: an update that Telegram posts again, as it does after a 500, is known then.
  end(accepted(input, update.value) ? 200 : 500);
}

/** What was posted, or the status that refuses it. */
async function readUpdate(request: IncomingMessage): Promise<{ readonly value: unknown } | number> {
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return 413;
      chunks.push(chunk);
    }
    return { value: JSON.parse(Buffer.concat(chunks).toString()) as unknown };
  } catch {
    // Half a request, or no JSON: only somebody who knows the secret sends one.
    return 400;
  }
}

function isSame(given: string | string[] | undefined, secret: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(hash(given), hash(secret));
}

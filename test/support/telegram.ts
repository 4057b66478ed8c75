/**
 * A stand-in for Telegram's Bot API over real HTTP, as strict as the real one where it matters: long polling with
 * offsets, lengths and entities of messages, edits that change nothing, limits that it is told to have, and faults.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { visibleText } from './telegram-html.ts';
import { waitFor } from './wait.ts';

export const botToken = `4242:${'AbcDef123_-'.repeat(4)}`;

export interface Shown {
  readonly id: number;
  readonly chat: number;
  /** As a person sees it. */
  text: string;
  html: string;
  buttons: readonly { readonly label: string; readonly data: string }[];
  edits: number;
  readonly document?: { readonly name: string; readonly content: string };
}

export type Fault =
  | { readonly kind: 'status'; readonly code: number; readonly retryAfter?: number }
  /** A page of a proxy, which is no JSON. */
  | { readonly kind: 'page'; readonly code: number }
  /** Before anything is done, or after it was. */
  | { readonly kind: 'cut'; readonly done: boolean }
  | { readonly kind: 'slow'; readonly ms: number };

export interface Telegram {
  readonly url: string;
  /** All calls, in their order. */
  readonly calls: readonly { readonly method: string; readonly body: Record<string, unknown> }[];
  readonly shown: readonly Shown[];
  /** The next `times` calls of a method fail so. */
  fail(method: string, fault: Fault, times?: number): void;
  /** Puts an update into the queue, whatever it holds; its id. */
  update(fields: Record<string, unknown>): number;
  user(id: number): Person;
  /** Stops answering, and keeps what was sent; `back` opens the same port again. */
  leave(): Promise<void>;
  back(): Promise<void>;
}

export interface Person {
  say(text: string, fields?: Record<string, unknown>): void;
  press(message: Shown, label: string): void;
  /** Waits for a message that shows this. */
  sees(what: string | RegExp, deadline?: number): Promise<Shown>;
  readonly messages: readonly Shown[];
}

class Refusal extends Error {
  readonly status: number;
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

type Body = Record<string, unknown>;

export async function startTelegram(): Promise<Telegram> {
  const calls: { method: string; body: Body }[] = [];
  const shown: Shown[] = [];
  const updates: Body[] = [];
  const faults: { method: string; fault: Fault }[] = [];
  let nextUpdate = 1000;
  let nextMessage = 1;
  let webhook: { url: string; secret: string } | undefined;
  let wake: () => void = () => undefined;

  function update(fields: Body): number {
    nextUpdate += 1;
    const one = { update_id: nextUpdate, ...fields };
    updates.push(one);
    wake();
    if (webhook !== undefined) void post(one);
    return nextUpdate;
  }

  async function post(one: Body): Promise<void> {
    const headers = {
      'content-type': 'application/json',
      'x-telegram-bot-api-secret-token': webhook?.secret ?? '',
    };
    await fetch(webhook?.url ?? '', { method: 'POST', headers, body: JSON.stringify(one) });
  }

  async function getUpdates({ offset = 0, timeout = 0 }: Body, gone: AbortSignal) {
    const from = Number(offset);
    while (updates[0] !== undefined && Number(updates[0].update_id) < from) updates.shift();
    if (updates.length === 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Number(timeout) * 1000);
        const end = () => {
          clearTimeout(timer);
          resolve();
        };
        wake = end;
        gone.addEventListener('abort', end, { once: true });
      });
    return updates.slice(0, 100);
  }

  function put(body: Body, document?: Shown['document']): { message_id: number } {
    const text = document === undefined ? body.text : (body.caption ?? '');
    const seen = checkText(text, body.parse_mode, document === undefined ? 4096 : 1024);
    const id = nextMessage;
    nextMessage += 1;
    const about = document === undefined ? {} : { document };
    const chat = Number(body.chat_id);
    shown.push({ id, chat, ...seen, buttons: buttonsOf(body), edits: 0, ...about });
    return { message_id: id };
  }

  function edit(body: Body): { message_id: number } {
    const message = shown.find(({ id }) => id === Number(body.message_id));
    if (message === undefined) throw new Refusal(400, 'Bad Request: message to edit not found');
    const seen = checkText(body.text, body.parse_mode, 4096);
    const buttons = buttonsOf(body);
    const same =
      message.html === seen.html && JSON.stringify(message.buttons) === JSON.stringify(buttons);
    if (same) throw new Refusal(400, 'Bad Request: message is not modified');
    Object.assign(message, seen, { buttons, edits: message.edits + 1 });
    return { message_id: message.id };
  }

  async function perform(method: string, body: Body, gone: AbortSignal): Promise<unknown> {
    switch (method) {
      case 'getMe':
        return { id: 4242, is_bot: true, first_name: 'cai', username: 'cai_test_bot' };
      case 'getUpdates':
        if (webhook !== undefined) throw new Refusal(409, 'Conflict: webhook is active');
        return getUpdates(body, gone);
      case 'sendMessage':
        return put(body);
      case 'sendDocument':
        return put(body, body.document as Shown['document']);
      case 'editMessageText':
        return edit(body);
      case 'setWebhook':
        webhook = { url: String(body.url), secret: String(body.secret_token) };
        return true;
      case 'deleteWebhook':
        webhook = undefined;
        return true;
      case 'setMyCommands':
      case 'answerCallbackQuery':
      case 'sendChatAction':
        return true;
      default:
        throw new Refusal(404, 'Not Found');
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, token, method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? [];
    const body = await readBody(request);
    const end = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (token !== botToken)
      return end(401, { ok: false, error_code: 401, description: 'Unauthorized' });
    calls.push({ method, body });
    const at = faults.findIndex((one) => one.method === method);
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault?.kind === 'cut' && !fault.done) return void request.socket.destroy();
    if (fault?.kind === 'page')
      return void response
        .writeHead(fault.code, { 'content-type': 'text/html' })
        .end('<h1>no</h1>');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      if (fault?.kind === 'status') throw new Refusal(fault.code, 'told to', fault.retryAfter);
      if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
      const result = await perform(method, body, gone.signal);
      if (fault?.kind === 'cut') return void request.socket.destroy();
      end(200, { ok: true, result });
    } catch (error) {
      const refused = error instanceof Refusal ? error : new Refusal(500, String(error));
      const { status, message: description, retryAfter } = refused;
      const parameters =
        retryAfter === undefined ? {} : { parameters: { retry_after: retryAfter } };
      end(status, { ok: false, error_code: status, description, ...parameters });
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const leave = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(leave);

  function user(id: number): Person {
    const from = { id, is_bot: false, first_name: `User ${id}` };
    const chat = { id, type: 'private' };
    const messages = () => shown.filter((one) => one.chat === id);
    return {
      say(text, fields = {}) {
        const message = {
          message_id: nextMessage,
          from,
          chat,
          date: Math.floor(Date.now() / 1000),
          text,
        };
        nextMessage += 1;
        update({ message: { ...message, ...fields } });
      },
      press(message, label) {
        const button = message.buttons.find((one) => one.label === label);
        if (button === undefined) throw new Error(`no button ${label}: ${JSON.stringify(message)}`);
        const about = { message_id: message.id, chat, date: Math.floor(Date.now() / 1000) };
        update({
          callback_query: { id: String(nextUpdate), from, message: about, data: button.data },
        });
      },
      sees(what, deadline = 15_000) {
        const fits = ({ text }: Shown) =>
          typeof what === 'string' ? text === what : what.test(text);
        return waitFor(
          () => {
            const found = messages().findLast(fits);
            if (found !== undefined) return found;
            throw new Error(
              JSON.stringify(
                messages().map(({ text }) => text),
                null,
                1,
              ),
            );
          },
          { what: `a message ${String(what)}`, deadline },
        );
      },
      get messages() {
        return messages();
      },
    };
  }

  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    shown,
    fail(method, fault, times = 1) {
      for (let count = 0; count < times; count += 1) faults.push({ method, fault });
    },
    update,
    user,
    leave,
    back: () => listen(port),
  };
}

function checkText(text: unknown, mode: unknown, most: number): { text: string; html: string } {
  if (typeof text !== 'string') throw new Refusal(400, 'Bad Request: text is no text');
  const seen = mode === 'HTML' ? visibleText(text) : text;
  if (seen === undefined) throw new Refusal(400, "Bad Request: can't parse entities: bad HTML");
  if (seen.trim() === '' && most === 4096)
    throw new Refusal(400, 'Bad Request: message text is empty');
  if (seen.length > most) throw new Refusal(400, 'Bad Request: message is too long');
  return { text: seen, html: text };
}

function buttonsOf({ reply_markup: markup }: Body): Shown['buttons'] {
  const { inline_keyboard: rows = [] } = (markup ?? {}) as {
    inline_keyboard?: { text: string; callback_data: string }[][];
  };
  return rows.flat().map(({ text: label, callback_data: data }) => {
    if (Buffer.byteLength(data) > 64) throw new Refusal(400, 'Bad Request: BUTTON_DATA_INVALID');
    return { label, data };
  });
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/'))
    return bytes.length === 0 ? {} : (JSON.parse(bytes.toString()) as Body);
  return readForm(bytes.toString(), /boundary=([^;]+)/.exec(type)?.[1] ?? '');
}

/** As grammY writes it: fields as texts, one document. */
function readForm(text: string, boundary: string): Body {
  const body: Body = {};
  for (const part of text.split(`--${boundary}`)) {
    const [, head = '', content = ''] = /^\r\n([\s\S]*?)\r\n\r\n([\s\S]*)\r\n$/.exec(part) ?? [];
    const name = /name="([^"]*)"/.exec(head)?.[1];
    const filename = /filename="?([^"\r\n]*)"?/.exec(head)?.[1];
    if (filename !== undefined) body.document = { name: filename, content };
    else if (name !== undefined)
      body[name] = name === 'reply_markup' ? (JSON.parse(content) as unknown) : content;
  }
  return body;
}

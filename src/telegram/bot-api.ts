/**
 * Telegram's API through grammY, with patience: it waits as long as Telegram says, and for hours when Telegram is away.
 * A message whose fate is not known is not sent again. Nothing that leaves here holds the token.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Api, GrammyError } from 'grammy';
import { CaiError } from '../errors.ts';
import { scrub } from './secret.ts';

export interface Patience {
  /** The first wait and the longest one. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** After that it is given up. */
  readonly untilMs: number;
}

export const patient: Patience = { firstMs: 1000, mostMs: 60_000, untilMs: 24 * 3600 * 1000 };

export interface CallOptions {
  /** True for what may be done again although it may have been done. */
  readonly again: boolean;
  /** True for what is never given up: the bot is nothing without it. */
  readonly forever?: boolean;
  readonly signal: AbortSignal;
}

export interface BotApi {
  /** Calls until it is done. Throws what Telegram refuses, and CANCELLED. */
  call<T>(
    what: string,
    work: (api: Api, signal: AbortSignal) => Promise<T>,
    options: CallOptions,
  ): Promise<T>;
  readonly secrets: readonly string[];
}

export interface BotApiInput {
  readonly token: string;
  /** Of a Bot API server of one's own. */
  readonly apiRoot?: string | undefined;
  readonly patience?: Patience | undefined;
  readonly say: (line: string) => void;
}

/** Above the time for which getUpdates waits. */
const requestSeconds = 60;

export function openBotApi(input: BotApiInput): BotApi {
  const { token, apiRoot, patience = patient, say } = input;
  const api = new Api(token, {
    ...(apiRoot === undefined ? {} : { apiRoot: apiRoot.replace(/\/+$/, '') }),
    timeoutSeconds: requestSeconds,
    fetch: fetchPlainly as never,
  });
  const secrets = [token];
  const faultOf = (error: unknown): Fault =>
    error instanceof GrammyError ? refusal(error) : httpFault(error);
  return {
    secrets,
    async call(what, work, { again, forever = false, signal }) {
      const start = performance.now();
      let away = false;
      for (let tries = 0; ; tries += 1) {
        if (signal.aborted) throw cancelled(what);
        try {
          const result = await work(api, signal);
          if (away) say('Telegram answers again.');
          return result;
        } catch (error) {
          if (signal.aborted) throw cancelled(what);
          const fault = faultOf(error);
          const late = !forever && performance.now() - start > patience.untilMs;
          const lasting = fault.kind === 'refused' || (fault.kind === 'unknown' && !again);
          if (lasting || late) throw toError(what, fault, secrets);
          if (!away) say(scrub(`${what}: ${fault.message}; trying again.`, secrets));
          away = true;
          await sleep(waitFor(fault, tries, patience), undefined, { signal }).catch(
            () => undefined,
          );
        }
      }
    },
  };
}

type Fault =
  /** Telegram's last word. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  /** It was not done. */
  | { readonly kind: 'undone'; readonly message: string; readonly afterMs?: number }
  /** It may have been done. */
  | { readonly kind: 'unknown'; readonly message: string };

interface Refusal {
  readonly error_code: number;
  readonly description: string;
  readonly parameters: { readonly retry_after?: number };
}

function refusal({ error_code: code, description: message, parameters }: Refusal): Fault {
  if (code === 429)
    return { kind: 'undone', message, afterMs: (parameters.retry_after ?? 1) * 1000 };
  // 409: another process asks for the same bot's updates; it may end.
  if (code >= 500 || code === 409) return { kind: 'undone', message: `${code} ${message}` };
  return { kind: 'refused', code, message };
}

const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function httpFault(error: unknown): Fault {
  const inner = (error as { error?: unknown }).error ?? error;
  const cause = (inner as { cause?: unknown }).cause ?? inner;
  const { code, message = '' } = cause as { code?: string; message?: string };
  const text = code ?? message;
  if (code !== undefined && neverSent.has(code)) return { kind: 'undone', message: text };
  return { kind: 'unknown', message: text === '' ? 'the connection broke' : text };
}

function waitFor(fault: Fault, tries: number, { firstMs, mostMs }: Patience): number {
  if (fault.kind === 'undone' && fault.afterMs !== undefined) return fault.afterMs;
  const most = Math.min(mostMs, firstMs * 2 ** Math.min(tries, 20));
  // Many bots must not come back in step.
  return most * (0.75 + Math.random() / 2);
}

/** Refused for good by Telegram. */
export class TelegramRefusal extends CaiError {
  readonly status: number;

  constructor(status: number, message: string, next: string) {
    super(status === 401 || status === 404 ? 'NO_ACCESS' : 'LINK', message, { next });
    this.status = status;
  }
}

/** Without the cause: grammY's errors carry the URL, and that the token. */
function toError(what: string, fault: Fault, secrets: readonly string[]): CaiError {
  const message = scrub(`Telegram: ${what}: ${fault.message}`, secrets);
  if (fault.kind !== 'refused')
    return new CaiError('LINK', message, { next: 'Look whether this machine reaches Telegram.' });
  const next =
    fault.code === 401 || fault.code === 404
      ? 'The token is not, or no longer, right: get one from @BotFather.'
      : 'See docs/telegram.md.';
  return new TelegramRefusal(fault.code, message, next);
}

function cancelled(what: string): CaiError {
  return new CaiError('CANCELLED', `Telegram: ${what} was cancelled.`);
}

/**
 * Node's own fetch. Each request has its connection: on one that was kept open and closed just now, nobody could say
 * whether a message was sent. An error page of a proxy becomes an answer like Telegram's.
 */
async function fetchPlainly(
  url: string,
  init: RequestInit & { signal?: unknown },
): Promise<Response> {
  const abort = new AbortController();
  const given = init.signal as AbortSignal | undefined;
  if (given?.aborted === true) abort.abort();
  // grammY's signal is one of a library, which Node's fetch does not take.
  given?.addEventListener('abort', () => abort.abort(), { once: true });
  const { agent: _, ...rest } = init as typeof init & { agent?: unknown };
  const headers = { ...(init.headers as Record<string, string>), connection: 'close' };
  const response = await fetch(url, { ...rest, headers, signal: abort.signal });
  const type = response.headers.get('content-type') ?? '';
  if (response.ok || type.includes('json')) return response;
  return Response.json({
    ok: false,
    error_code: response.status,
    description: response.statusText,
  });
}

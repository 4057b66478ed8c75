/**
 * Telegram's API through grammY, with patience: it waits as long as Telegram says, and for hours when Telegram is away.
 * A message whose fate is not known is not sent again. Nothing that leaves here holds the token.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from 'grammy';
import { CaiError } from '../errors.ts';
import type { Fault, Patience } from './faults.ts';
import { faultOf, patient, waitMs } from './faults.ts';
import { scrub } from './secret.ts';

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
  readonly clock?: Clock;
  readonly say: (line: string) => void;
}

/** Milliseconds from anywhere. */
export interface Clock {
  now(): number;
  /** Returns early, without a word, after the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
};

/** Above the time for which getUpdates waits. */
const requestSeconds = 60;

export function openBotApi(input: BotApiInput): BotApi {
  const { token, apiRoot, patience = patient, clock = realClock, say } = input;
  const api = new Api(token, {
    ...(apiRoot === undefined ? {} : { apiRoot: apiRoot.replace(/\/+$/, '') }),
    timeoutSeconds: requestSeconds,
    fetch: fetchPlainly as never,
  });
  const secrets = [token];
  return {
    secrets,
    async call(what, work, { again, forever = false, signal }) {
      const start = clock.now();
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
          const late = !forever && clock.now() - start > patience.untilMs;
          const lasting = fault.kind === 'refused' || (fault.kind === 'unknown' && !again);
          if (lasting || late) throw toError(what, fault, secrets);
          if (!away) say(scrub(`${what}: ${fault.message}; trying again.`, secrets));
          away = true;
          await clock.wait(waitMs(fault, tries, patience), signal);
        }
      }
    },
  };
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

/** What a call to Telegram failed of, whether it may have been done all the same, and how long to wait then. Pure. */
import { GrammyError } from 'grammy';

export type Fault =
  /** Telegram's last word. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  /** It was not done. */
  | { readonly kind: 'undone'; readonly message: string; readonly afterMs?: number }
  /** It may have been done. */
  | { readonly kind: 'unknown'; readonly message: string };

export interface Patience {
  /** The first wait and the longest one. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** After that it is given up. */
  readonly untilMs: number;
}

export const patient: Patience = { firstMs: 1000, mostMs: 60_000, untilMs: 24 * 3600 * 1000 };

export function faultOf(error: unknown): Fault {
  return error instanceof GrammyError ? refusal(error) : httpFault(error);
}

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

interface SystemError {
  readonly code?: string;
  readonly message?: string;
  readonly syscall?: string;
}

function httpFault(error: unknown): Fault {
  const inner = (error as { error?: unknown }).error ?? error;
  const cause = ((inner as { cause?: unknown }).cause ?? inner) as SystemError;
  const { code, message = '' } = cause;
  const text = code ?? message;
  if (wasNeverSent(cause)) return { kind: 'undone', message: text };
  return { kind: 'unknown', message: text === '' ? 'the connection broke' : text };
}

/** No connection came about: no name, no route, nobody there, or somebody else who has no right certificate. */
function wasNeverSent(cause: SystemError): boolean {
  if (cause instanceof AggregateError)
    return cause.errors.every((one) => wasNeverSent(one as SystemError));
  const { code = '', syscall = '' } = cause;
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || syscall === 'connect' || syscall === 'getaddrinfo')
    return true;
  return /^(CERT_|ERR_TLS_CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_|UNABLE_TO_)/.test(code);
}

const dayMs = 24 * 3600 * 1000;

/**
 * As long as Telegram says (within a day), else twice as long each time and never more than the most; many bots must
 * not come back in step.
 */
export function waitMs(
  fault: Fault,
  tries: number,
  { firstMs, mostMs }: Patience,
  random: () => number = Math.random,
): number {
  if (fault.kind === 'undone' && fault.afterMs !== undefined)
    return Math.max(firstMs, Math.min(fault.afterMs, dayMs));
  const most = Math.min(mostMs, firstMs * 2 ** Math.min(tries, 20));
  return most * (0.5 + random() / 2);
}

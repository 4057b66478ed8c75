/**
 * The messages of a link and the check that every one passes before anything looks at it
 * (invariant 7). What a call, an answer or an event carries is opaque here: its room checks it.
 */
import { type ErrorJson, exitCodes } from '../errors.ts';
import { violation } from '../replica/violation.ts';

/** Versions of the protocol that this program speaks, both included. */
export const protocolRange: ProtocolRange = { min: 1, max: 1 };

export interface ProtocolRange {
  readonly min: number;
  readonly max: number;
}

export type Message =
  /** Host to agent, first of all. */
  | { readonly t: 'hello'; readonly protocol: ProtocolRange; readonly data: unknown }
  /** The agent's answer: the version it picked, or why it will not serve. */
  | { readonly t: 'welcome'; readonly protocol: number; readonly data: unknown }
  | { readonly t: 'refuse'; readonly error: ErrorJson }
  | { readonly t: 'ping'; readonly n: number }
  /** `time`: the answering side's clock, milliseconds since 1970. */
  | { readonly t: 'pong'; readonly n: number; readonly time: number }
  | { readonly t: 'call'; readonly id: number; readonly method: string; readonly data: unknown }
  /** A piece of an answer; the next one is sent after its acknowledgement. */
  | { readonly t: 'part'; readonly id: number; readonly data: unknown }
  | { readonly t: 'ack'; readonly id: number }
  | { readonly t: 'done'; readonly id: number; readonly data: unknown }
  | { readonly t: 'error'; readonly id: number; readonly error: ErrorJson }
  | { readonly t: 'cancel'; readonly id: number }
  /** Bytes of the stream that belongs to a call, and its end when the caller sends it. */
  | { readonly t: 'chunk'; readonly id: number }
  | { readonly t: 'end'; readonly id: number }
  /** The receiver of a stream has used so many bytes of it. */
  | { readonly t: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly t: 'event'; readonly data: unknown }
  /** The host has used so many bytes of events. */
  | { readonly t: 'taken'; readonly bytes: number }
  /** Agent to host: a program in the container asks the session something; its line goes beside. */
  | { readonly t: 'upcall'; readonly id: number }
  /** That program has gone. */
  | { readonly t: 'hangup'; readonly id: number }
  /** Bytes of the answer's lines: a line ends with them, all has been said, or neither. */
  | { readonly t: 'reply'; readonly id: number; readonly end: 'none' | 'line' | 'all' };

type Type = Message['t'];
type Fields = Readonly<Record<string, unknown>>;

const maxText = 4000;
const noFields = (): boolean => true;
const hasId = (m: Fields): boolean => isCount(m.id);

const checks: Readonly<Record<Type, (message: Fields) => boolean>> = {
  hello: ({ protocol }) => isRange(protocol),
  welcome: ({ protocol }) => isCount(protocol),
  refuse: ({ error }) => isErrorJson(error),
  ping: ({ n }) => isCount(n),
  pong: ({ n, time }) => isCount(n) && typeof time === 'number' && Number.isFinite(time),
  call: (m) => hasId(m) && typeof m.method === 'string' && m.method.length <= 100,
  part: hasId,
  ack: hasId,
  done: hasId,
  error: (m) => hasId(m) && isErrorJson(m.error),
  cancel: hasId,
  chunk: hasId,
  end: hasId,
  credit: (m) => hasId(m) && isCount(m.bytes),
  event: noFields,
  taken: ({ bytes }) => isCount(bytes),
  upcall: hasId,
  hangup: hasId,
  reply: (m) => hasId(m) && (m.end === 'none' || m.end === 'line' || m.end === 'all'),
};

/** Types of messages that have bytes beside their JSON. */
const withBytes: ReadonlySet<Type> = new Set([
  'call',
  'part',
  'done',
  'chunk',
  'event',
  'upcall',
  'reply',
]);

/** Passes a message on with its type, or throws PROTOCOL. */
export function checkMessage(json: unknown, bytes: Uint8Array): Message {
  if (typeof json !== 'object' || json === null) throw violation('a message that is no object');
  const { t } = json as { t?: unknown };
  if (typeof t !== 'string' || !Object.hasOwn(checks, t))
    throw violation('a message of no known type');
  if (!checks[t as Type](json as Fields)) throw violation(`a faulty "${t}" message`);
  if (bytes.length > 0 && !withBytes.has(t as Type)) throw violation(`bytes with a "${t}" message`);
  return json as Message;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRange(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { min, max } = value as Fields;
  return isCount(min) && isCount(max);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= maxText;
}

function isErrorJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, path, next } = value as Fields;
  return (
    typeof code === 'string' &&
    Object.hasOwn(exitCodes, code) &&
    isText(message) &&
    (path === undefined || (typeof path === 'string' && path.length <= 3 * maxText)) &&
    (next === undefined || isText(next))
  );
}

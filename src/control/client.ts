/** The other end of a control socket. Every call has a deadline and can be cancelled. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { CaiError } from '../errors.ts';
import { createLineDecoder } from '../link/lines.ts';
import type {
  CallName,
  Calls,
  Request,
  ServerLine,
  SessionEvent,
  SessionRecord,
  SessionStatus,
} from './api.ts';
import { readProcess } from './process-file.ts';

const defaultTimeoutMs = 10_000;
/** Status lists everything, so answers can be large; they come from a process of the same user. */
const maxAnswerBytes = 1024 ** 3;

/** Whom a call goes to: the process of a session, or whoever serves the same calls at a socket. */
export type Peer = SessionRecord | SocketPeer;

export interface SocketPeer {
  readonly name: string;
  readonly socket: string;
  /** What to do when nobody answers. */
  readonly next?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface Subscription {
  readonly status: SessionStatus;
  /** Settles when the session's process has gone, or after close(). */
  readonly closed: Promise<void>;
  readonly close: () => void;
}

/** One call; NO_SESSION when no process has the session, TIMEOUT when it does not answer. */
export async function callSession<N extends CallName>(
  peer: Peer,
  name: N,
  params: Calls[N]['params'],
  options: CallOptions = {},
): Promise<Calls[N]['result']> {
  const socket = await open(peer);
  try {
    return (await exchange(socket, { peer, name, params, options })) as Calls[N]['result'];
  } finally {
    socket.destroy();
  }
}

/** Follows a session's events until close() or its end; with `paths` batches name what is in them. */
export async function subscribe(
  peer: Peer,
  onEvent: (event: SessionEvent) => void,
  { paths = false, ...options }: CallOptions & { readonly paths?: boolean } = {},
): Promise<Subscription> {
  const socket = await open(peer);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  try {
    const params = paths ? { paths } : {};
    const input = { peer, name: 'subscribe', params, options, onEvent } as const;
    const status = (await exchange(socket, input)) as SessionStatus;
    return { status, closed, close: () => socket.destroy() };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** True when a process has the session. */
export async function isRunning(peer: Peer): Promise<boolean> {
  try {
    (await open(peer)).destroy();
    return true;
  } catch {
    return false;
  }
}

function open(peer: Peer): Promise<Socket> {
  const path = 'socket' in peer ? peer.socket : readProcess(peer)?.socket;
  if (path === undefined) return Promise.reject(notRunning(peer));
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) => reject(notRunning(peer, cause)));
  });
}

function notRunning(peer: Peer, cause?: unknown): CaiError {
  if ('socket' in peer)
    return new CaiError('NO_SESSION', `Nothing answers for session ${peer.name}.`, {
      path: peer.socket,
      next: peer.next ?? 'Start the session on the host with `cai watch`.',
      cause,
    });
  return new CaiError('NO_SESSION', `Session ${peer.name} is not running.`, {
    path: peer.local,
    next: `Start it with \`cai watch ${peer.local} ${peer.container}\`.`,
    cause,
  });
}

interface Exchange {
  readonly peer: Peer;
  readonly name: CallName;
  readonly params: unknown;
  readonly options: CallOptions;
  readonly onEvent?: (event: SessionEvent) => void;
}

function exchange(socket: Socket, input: Exchange): Promise<unknown> {
  const { peer, name, params, options, onEvent } = input;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const request = { id: 1, call: name, params } as Request;
  return new Promise((resolve, reject) => {
    const fail = (error: CaiError): void => {
      clearTimeout(timer);
      reject(error);
      socket.destroy();
    };
    const timer = setTimeout(() => fail(silent(peer, timeoutMs)), timeoutMs);
    const cancel = (): void => fail(new CaiError('CANCELLED', `${name} was cancelled.`));
    options.signal?.addEventListener('abort', cancel, { once: true });
    if (options.signal?.aborted) return cancel();

    const decoder = createLineDecoder(maxAnswerBytes, (text) => {
      const line = JSON.parse(text) as ServerLine;
      if ('event' in line) return onEvent?.(line.event);
      clearTimeout(timer);
      if ('result' in line) resolve(line.result);
      else fail(new CaiError(line.error.code, line.error.message, line.error));
    });
    socket.on('data', (chunk) => {
      try {
        decoder.push(chunk);
      } catch {
        fail(new CaiError('PROTOCOL', `Session ${peer.name} sent something that is no answer.`));
      }
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      options.signal?.removeEventListener('abort', cancel);
      fail(
        new CaiError('NO_SESSION', `Session ${peer.name} ended while it was asked.`, {
          next: 'See why with `cai logs`.',
        }),
      );
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

function silent(peer: Peer, timeoutMs: number): CaiError {
  const pid = 'socket' in peer ? '' : (readProcess(peer)?.pid ?? '');
  return new CaiError('TIMEOUT', `Session ${peer.name} did not answer within ${timeoutMs} ms.`, {
    next: `Try again; if it stays so, end its process ${pid} and watch again.`,
  });
}

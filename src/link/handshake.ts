/**
 * The first words on a link. The host says which protocol versions it speaks and what it wants; the
 * agent picks the version and welcomes it, or says why not. After it, both clocks are compared.
 */
import { CaiError } from '../errors.ts';
import { violation } from '../replica/violation.ts';
import { createGreetingSearch, greeting } from './boot.ts';
import { Connection, type Pong } from './connection.ts';
import { errorToSend, receivedError } from './error-message.ts';
import { agentHeartbeat, type HeartbeatOptions, hostHeartbeat } from './heartbeat.ts';
import { type ProtocolRange, protocolRange } from './messages.ts';
import type { Transport } from './transport.ts';

export interface OpenLinkOptions {
  readonly transport: Transport;
  /** Goes with the hello; the agent's room checks it. */
  readonly hello: unknown;
  /** Milliseconds until the agent must have answered. */
  readonly helloMs: number;
  readonly protocol?: ProtocolRange;
  readonly heartbeat?: HeartbeatOptions;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenedLink extends Pong {
  readonly connection: Connection;
  readonly protocol: number;
  /** What came with the welcome; not checked yet. */
  readonly welcome: unknown;
}

/** The host's part. Fails with what the agent said, LINK, PROTOCOL, NO_NODE, TIMEOUT or CANCELLED. */
export async function openLink(options: OpenLinkOptions): Promise<OpenedLink> {
  const { transport, helloMs, signal } = options;
  const guard = createGuard(helloMs, signal);
  try {
    const leftover = await Promise.race([findGreeting(transport), guard.failed]);
    const { connection, welcomed } = greet(options, leftover);
    const { protocol, data } = await Promise.race([welcomed, guard.failed]);
    const clock = await Promise.race([compareClocks(connection), guard.failed]);
    return { connection, protocol, welcome: data, ...clock };
  } catch (error) {
    await transport.close();
    throw error;
  } finally {
    guard.end();
  }
}

/** Rejects when the time is over or the signal is given. */
function createGuard(
  ms: number,
  signal: AbortSignal | undefined,
): { readonly failed: Promise<never>; end(): void } {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const onAbort = (): void => fail(new CaiError('CANCELLED', 'Connecting was cancelled.'));
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  const timer = setTimeout(
    () => fail(new CaiError('TIMEOUT', `The agent did not answer within ${ms / 1000} s.`)),
    ms,
  );
  return {
    failed,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

function findGreeting(transport: Transport): Promise<Buffer> {
  const { input } = transport;
  const search = createGreetingSearch();
  return new Promise((resolve, reject) => {
    const done = (): void => {
      input.pause();
      input.off('data', onData);
    };
    const onData = (bytes: Uint8Array): void => {
      try {
        const result = search(bytes);
        if (!result.found) return;
        done();
        resolve(result.rest);
      } catch (error) {
        done();
        reject(error as Error);
      }
    };
    input.on('data', onData);
    // Errors of the streams show in how the transport ends; unheard they would end the process.
    for (const stream of new Set([input, transport.output])) stream.on('error', () => {});
    transport.ended.then((end) => {
      const tail = transport.errorTail();
      const text = tail === '' ? end.reason : `${end.reason}: ${tail}`;
      reject(new CaiError('LINK', `The agent did not start: ${text}.`, { cause: end }));
    }, reject);
  });
}

interface Welcome {
  readonly protocol: number;
  readonly data: unknown;
}

function greet(
  { transport, hello, protocol = protocolRange, heartbeat = hostHeartbeat }: OpenLinkOptions,
  leftover: Uint8Array,
): { readonly connection: Connection; readonly welcomed: Promise<Welcome> } {
  let accept: (welcome: Welcome) => void = () => {};
  let refuse: (error: Error) => void = () => {};
  const welcomed = new Promise<Welcome>((resolve, reject) => {
    accept = resolve;
    refuse = reject;
  });
  welcomed.catch(() => {});
  const connection = new Connection({
    transport,
    heartbeat,
    asks: true,
    leftover,
    onMessage(message) {
      if (message.t === 'refuse') refuse(receivedError(message.error));
      else if (message.t !== 'welcome') throw violation(`a "${message.t}" message as its first`);
      else if (message.protocol < protocol.min || message.protocol > protocol.max) {
        throw violation(`protocol version ${message.protocol}, which was not offered`);
      } else accept(message);
      return true;
    },
  });
  void connection.closed.then((error) => refuse(error ?? new CaiError('LINK', 'It was closed.')));
  connection.send({ t: 'hello', protocol, data: hello });
  return { connection, welcomed };
}

const clockSamples = 5;

/** The sample with the shortest round trip tells the other clock best (as NTP does it). */
async function compareClocks(connection: Connection): Promise<Pong> {
  let best = await connection.ping();
  for (let n = 1; n < clockSamples; n += 1) {
    const sample = await connection.ping();
    if (sample.roundTrip < best.roundTrip) best = sample;
  }
  return { roundTrip: best.roundTrip, skew: best.skew };
}

export interface AcceptLinkOptions {
  readonly transport: Transport;
  /** Bytes that were read before. */
  readonly leftover: Uint8Array;
  readonly protocol?: ProtocolRange;
  readonly heartbeat?: HeartbeatOptions;
  /** Makes ready for what the hello wants; returns what goes with the welcome, or throws why not. */
  readonly onHello: (hello: unknown, connection: Connection) => Promise<unknown>;
}

/** The agent's part; `closed` of the connection tells when it is over. */
export function acceptLink(options: AcceptLinkOptions): Connection {
  const { transport, leftover, protocol = protocolRange, heartbeat = agentHeartbeat } = options;
  transport.output.write(greeting);
  const connection: Connection = new Connection({
    transport,
    heartbeat,
    asks: false,
    leftover,
    onMessage(message) {
      if (message.t !== 'hello') throw violation(`a "${message.t}" message as its first`);
      const version = Math.min(message.protocol.max, protocol.max);
      const common = version >= message.protocol.min && version >= protocol.min;
      const ready = common
        ? options.onHello(message.data, connection)
        : Promise.reject(mismatch(message.protocol, protocol));
      ready.then(
        (data) => connection.send({ t: 'welcome', protocol: version, data }),
        (error) => connection.send({ t: 'refuse', error: errorToSend(error) }),
      );
      return true;
    },
  });
  return connection;
}

function mismatch(host: ProtocolRange, agent: ProtocolRange): CaiError {
  const text = ({ min, max }: ProtocolRange): string => (min === max ? `${min}` : `${min}-${max}`);
  return new CaiError(
    'PROTOCOL',
    `Host and agent have no protocol in common: the host speaks ${text(host)}, the agent ${text(agent)}.`,
    { next: 'Use the same version of cai on both sides.' },
  );
}

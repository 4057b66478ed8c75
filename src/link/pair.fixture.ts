/** For tests: both ends of a link in one process, over a transport that the test holds in its hands. */
import type { Handlers } from '../replica/peer.ts';
import { Client } from './client.ts';
import type { Connection } from './connection.ts';
import { acceptLink, type OpenLinkOptions, openLink } from './handshake.ts';
import type { HeartbeatOptions } from './heartbeat.ts';
import { createTransportPair } from './in-process.ts';
import { Server } from './server.ts';
import type { Transport } from './transport.ts';

export const quiet: HeartbeatOptions = { everyMs: 600_000, deadAfter: 1 };

export interface Pair {
  readonly client: Client;
  readonly server: Server;
  readonly host: Connection;
  readonly agent: Connection;
  readonly agentTransport: Transport;
  readonly welcome: unknown;
}

export interface PairOptions extends Partial<Pick<OpenLinkOptions, 'hello' | 'helloMs'>> {
  readonly handlers?: Handlers;
  /** Of the host; the agent's is quiet. */
  readonly heartbeat?: HeartbeatOptions;
  readonly welcome?: unknown;
}

export async function openPair(options: PairOptions = {}): Promise<Pair> {
  const { handlers = {}, heartbeat = quiet, hello = null, helloMs = 5000, welcome } = options;
  const [transport, agentTransport] = createTransportPair();
  let server: Server | undefined;
  const agent = acceptLink({
    transport: agentTransport,
    leftover: Buffer.alloc(0),
    heartbeat: quiet,
    async onHello(_data, connection) {
      server = new Server(connection, handlers);
      return welcome ?? null;
    },
  });
  const opened = await openLink({ transport, hello, helloMs, heartbeat });
  return {
    client: new Client(opened.connection),
    server: server as Server,
    host: opened.connection,
    agent,
    agentTransport,
    welcome: opened.welcome,
  };
}

/** A promise and the way to settle it. */
export function later<T = void>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
} {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Opens a replica at a far side: route, agent, handshake, proxy. */
import type { FarAddress } from '../docker/address.ts';
import { toCaiError } from '../errors.ts';
import { openRemoteReplica } from '../replica/remote.ts';
import type { Replica, ReplicaOptions } from '../replica/replica.ts';
import { bootMessage } from './boot.ts';
import { Client } from './client.ts';
import { openLink } from './handshake.ts';
import type { Hello } from './hello.ts';
import type { FarPlace, Route, Tools } from './route.ts';
import { containerRoute } from './route-container.ts';
import { podRoute } from './route-pod.ts';
import { sshRoute } from './route-ssh.ts';
import { spawnTransport } from './spawned.ts';
import type { Transport } from './transport.ts';
import type { UpcallHandler } from './upcalls.ts';

export interface ConnectInput {
  readonly address: FarAddress;
  readonly tools?: Tools;
  readonly options: ReplicaOptions;
  /** Text of the bundled agent (`buildAgent`). */
  readonly agentSource: string;
  readonly signal?: AbortSignal | undefined;
  /** Make the directory when it is missing. Default false. */
  readonly create?: boolean;
  /** Milliseconds until the agent must have answered. Default 30,000. */
  readonly helloMs?: number;
  /** Answers what programs in the container ask; left out: they cannot ask. */
  readonly upcalls?: UpcallHandler | undefined;
  /** Told a line for people when something takes long. */
  readonly onNotice?: ((line: string) => void) | undefined;
}

export interface Connected {
  readonly replica: Replica;
  /** What holds the directory; another one than before means that its files are others. */
  readonly place: FarPlace;
  /** As status shows it. */
  readonly transport: string;
}

const defaultHelloMs = 30_000;

/** Fails with NO_ENGINE, NO_CONTAINER, NO_HOST, NO_ACCESS, NO_NODE, ROOT, PERMISSION, LINK, PROTOCOL or TIMEOUT. */
export async function connect(input: ConnectInput): Promise<Connected> {
  let route = await findRoute(input);
  for (;;) {
    try {
      return await connectBy(route, input);
    } catch (error) {
      const other = await route.otherwise?.(toCaiError(error));
      if (other === undefined) throw error;
      route = other;
    }
  }
}

async function findRoute({ address, tools = {}, signal, onNotice }: ConnectInput): Promise<Route> {
  switch (address.kind) {
    case 'container':
      return containerRoute(address, tools, { signal, onNotice });
    case 'ssh':
      return sshRoute(address, tools);
    case 'pod':
      return podRoute(address, tools, signal);
  }
}

async function connectBy(route: Route, input: ConnectInput): Promise<Connected> {
  const { address, options, create = false, signal } = input;
  const transport = spawnTransport({ name: route.transport, command: route.command });
  try {
    const replica = await openAgentReplica({
      transport,
      agentSource: input.agentSource,
      hello: { root: address.path, base: route.base, options, create },
      helloMs: input.helloMs ?? defaultHelloMs,
      signal,
      upcalls: input.upcalls,
    });
    return { replica, place: await placeOf(replica, route), transport: route.transport };
  } catch (error) {
    throw route.explain(error);
  }
}

async function placeOf(replica: Replica, route: Route): Promise<FarPlace> {
  try {
    return await route.place(replica.info.root);
  } catch (error) {
    await replica.close();
    throw error;
  }
}

export interface OpenAgent {
  /** A process that runs the boot script. */
  readonly transport: Transport;
  readonly agentSource: string;
  readonly hello: Hello;
  readonly helloMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly upcalls?: UpcallHandler | undefined;
}

/** Sends the agent down a transport and takes its replica. */
export async function openAgentReplica(input: OpenAgent): Promise<Replica> {
  const { transport, agentSource, hello, helloMs, signal, upcalls } = input;
  transport.output.write(bootMessage(agentSource));
  const { connection, welcome, skew, roundTrip } = await openLink({
    transport,
    hello,
    helloMs,
    signal,
  });
  try {
    const peer = new Client(connection);
    const replica = await openRemoteReplica({ peer, welcome, clockSkew: skew, roundTrip });
    if (upcalls !== undefined) peer.serveUpcalls(upcalls);
    return replica;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Opens a replica in a container: engine, agent, handshake, proxy. */
import type { ContainerAddress } from '../docker/address.ts';
import { type ContainerInfo, requireRunning } from '../docker/container.ts';
import type { EngineCommand } from '../docker/engine.ts';
import { type ContainerPlace, findPlace, type PlaceQuery } from '../docker/place.ts';
import { openRemoteReplica } from '../replica/remote.ts';
import type { Replica, ReplicaOptions } from '../replica/replica.ts';
import { bootMessage, bootScript, nodeEnvironment, nodeFlags } from './boot.ts';
import { Client } from './client.ts';
import { explainFailure } from './connect-errors.ts';
import { openLink } from './handshake.ts';
import type { Hello } from './hello.ts';
import { spawnTransport } from './spawned.ts';
import type { Transport } from './transport.ts';
import type { UpcallHandler } from './upcalls.ts';

export interface ConnectInput {
  readonly address: ContainerAddress;
  /** The docker or podman command with its own arguments; the address's engine when left out. */
  readonly engineCommand?: EngineCommand | undefined;
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
}

export interface Connected {
  readonly replica: Replica;
  /** What holds the directory; another one than before means that its files are others. */
  readonly place: ContainerPlace;
}

const defaultHelloMs = 30_000;

/** Fails with NO_ENGINE, NO_CONTAINER, NO_NODE, ROOT, PERMISSION, LINK, PROTOCOL or TIMEOUT. */
export async function connectContainer(input: ConnectInput): Promise<Connected> {
  const { address, options, create = false, signal } = input;
  const command = input.engineCommand ?? [address.engine];
  const info = await requireRunning({ command, container: address.container, signal });
  const transport = spawnTransport({ name: 'exec', command: execCommand(command, info) });
  try {
    const replica = await openAgentReplica({
      transport,
      agentSource: input.agentSource,
      hello: { root: address.path, options, create },
      helloMs: input.helloMs ?? defaultHelloMs,
      signal,
      upcalls: input.upcalls,
    });
    return { replica, place: await placeOf(replica, { command, info, signal }) };
  } catch (error) {
    throw explainFailure(error, { command, container: info.name, path: address.path });
  }
}

async function placeOf(replica: Replica, query: Omit<PlaceQuery, 'root'>): Promise<ContainerPlace> {
  try {
    return await findPlace({ ...query, root: replica.info.root });
  } catch (error) {
    await replica.close();
    throw error;
  }
}

/** By id: a container that takes the name meanwhile is another one. */
function execCommand(command: EngineCommand, info: ContainerInfo): readonly string[] {
  // The container's working directory may be gone; its NODE_OPTIONS may make node print or listen.
  const environment = nodeEnvironment.flatMap((value) => ['--env', value]);
  const options = ['--interactive', '--workdir', '/', ...environment];
  return [...command, 'exec', ...options, info.id, 'node', ...nodeFlags, '-e', bootScript];
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

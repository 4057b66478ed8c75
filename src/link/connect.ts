/** Opens a replica in a container: engine, agent, handshake, proxy. */
import type { ContainerAddress } from '../docker/address.ts';
import type { Replica, ReplicaOptions } from '../replica/replica.ts';

export interface ConnectInput {
  readonly address: ContainerAddress;
  /** The docker or podman command with its own arguments; the address's engine when left out. */
  readonly engineCommand?: readonly string[];
  readonly options: ReplicaOptions;
  /** Text of the bundled agent (`buildAgent`). */
  readonly agentSource: string;
  readonly signal?: AbortSignal;
  /** Make the directory when it is missing. Default false. */
  readonly create?: boolean;
  /** Milliseconds until the agent must have answered. Default 30,000. */
  readonly helloMs?: number;
}

export interface Connected {
  readonly replica: Replica;
  /** Full id of the container; another one than before means that it was recreated. */
  readonly containerId: string;
  /** When it was created, as the engine writes it. */
  readonly created: string;
}

/** Fails with NO_ENGINE, NO_CONTAINER, NO_NODE, ROOT, PERMISSION, LINK, PROTOCOL or TIMEOUT. */
export function connectContainer(_input: ConnectInput): Promise<Connected> {
  throw new Error('not built yet');
}

/** Opens the two replicas of a session: the local directory, and whatever its address names. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { SessionOptions, SessionRecord } from '../control/api.ts';
import { parseAddress } from '../docker/address.ts';
import { watchContainer } from '../docker/events.ts';
import { loadAgent } from '../link/agent-source.ts';
import { connectContainer } from '../link/connect.ts';
import { openDiskReplica } from '../replica/disk.ts';
import type { Replica, ReplicaOptions } from '../replica/replica.ts';
import type { Place } from './identity.ts';

export interface Far {
  readonly replica: Replica;
  readonly transport: string;
  readonly place: Place;
}

export function replicaOptions(options: SessionOptions): ReplicaOptions {
  const { ignore, allow, gitignore, git, modes, settleMs, settleMaxMs, maxFileSize } = options;
  return {
    rules: { ignore, allow, gitignore, git },
    settle: settleMs,
    settleMax: settleMaxMs,
    maxFileSize,
    modes,
  };
}

export function openLocal(root: string, options: SessionOptions): Promise<Replica> {
  return openDiskReplica({ root, side: 'local', options: replicaOptions(options) });
}

export async function openFar(
  text: string,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Far> {
  const address = parseAddress(text);
  if (address.kind === 'local') {
    const root = resolve(address.path.replace(/^~(?=$|\/)/, homedir()));
    const replica = await openDiskReplica({
      root,
      side: 'container',
      options: replicaOptions(options),
    });
    return { replica, transport: 'in-process', place: { kind: 'local' } };
  }
  const connected = await connectContainer({
    address,
    options: replicaOptions(options),
    agentSource: loadAgent(),
    signal,
    ...(options.docker === undefined ? {} : { engineCommand: options.docker }),
  });
  return {
    replica: connected.replica,
    transport: `${address.engine} exec`,
    place: connected.place,
  };
}

/** Calls back each time the session's container starts; returns the way to stop that. */
export function watchStarts(record: SessionRecord, onStart: () => void): () => void {
  const address = parseAddress(record.container);
  if (address.kind === 'local') return () => undefined;
  const command = record.options.docker ?? [address.engine];
  const watch = watchContainer({
    command,
    container: address.container,
    onEvent: (event) => {
      if (event.type === 'start') onStart();
    },
  });
  return () => watch.stop();
}

/** Opens the two replicas of a session: the local directory, and whatever its address names. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { SessionOptions, SessionRecord } from '../control/api.ts';
import { parseAddress } from '../docker/address.ts';
import { watchContainer } from '../docker/events.ts';
import { loadAgent } from '../link/agent-source.ts';
import { connect } from '../link/connect.ts';
import { openDiskReplica } from '../replica/disk.ts';
import type { Replica, ReplicaOptions } from '../replica/replica.ts';
import { openSharedReplica } from '../replica/shared.ts';
import { rsyncPort } from '../rsync/port.ts';
import type { Side } from '../tree/path.ts';
import type { Engine } from './engine.ts';
import type { Place } from './identity.ts';
import { tell } from './report.ts';

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

type Of = Pick<Engine, 'record' | 'fs' | 'upcalls' | 'report'>;

export function openLocal(of: Of): Promise<Replica> {
  return openDisk(of, 'local', of.record.local);
}

function openDisk({ record, fs }: Of, side: Side, root: string): Promise<Replica> {
  const options = replicaOptions(record.options);
  const port = fs[side];
  const input = { root, side, options, rsync: rsyncPort };
  if (port !== undefined) return openDiskReplica({ ...input, fs: port });
  // Several containers may have the same local directory.
  return side === 'local' ? openSharedReplica(input) : openDiskReplica(input);
}

export async function openFar(of: Of, signal: AbortSignal): Promise<Far> {
  const { container, options } = of.record;
  const address = parseAddress(container);
  if (address.kind === 'local') {
    const root = resolve(address.path.replace(/^~(?=$|\/)/, homedir()));
    const replica = await openDisk(of, 'container', root);
    return { replica, transport: 'in-process', place: { kind: 'local' } };
  }
  return connect({
    address,
    options: replicaOptions(options),
    agentSource: loadAgent(),
    signal,
    upcalls: of.upcalls,
    tools: options,
    onNotice: (message) => tell(of.report, { type: 'notice', message }),
  });
}

/** Calls back each time the session's container starts; returns the way to stop that. */
export function watchStarts(record: SessionRecord, onStart: () => void): () => void {
  const address = parseAddress(record.container);
  // Nobody tells of the start of another machine: it is tried again and again.
  if (address.kind !== 'container') return () => undefined;
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

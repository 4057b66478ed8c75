/**
 * One replica on the disk for all sessions of this process that look at a root in the same way: one scan,
 * one watch, one staging area. Each session has a handle, which is a replica to it; what one applies is
 * told to the others as changes. What fails in one session ends its handle and no other.
 */
import { type DiskReplicaInput, openDiskReplica } from './disk.ts';
import type { Replica } from './replica.ts';
import { SharedHandle } from './shared-handle.ts';
import { type SharedRoot, tell } from './shared-root.ts';

const roots = new Map<string, Promise<SharedRoot>>();

/** Opens a handle on the root's replica, which is opened with the first and closed with the last one. */
export async function openSharedReplica(input: DiskReplicaInput): Promise<Replica> {
  const key = JSON.stringify([input.root, input.side, input.options]);
  for (;;) {
    const root = await (roots.get(key) ?? open(key, input));
    if (!root.closed) return new SharedHandle(root);
    // It was closed while this one waited.
    root.leave();
  }
}

function open(key: string, input: DiskReplicaInput): Promise<SharedRoot> {
  const opening = openRoot(input, () => {
    if (roots.get(key) === opening) roots.delete(key);
  });
  roots.set(key, opening);
  opening.catch(() => roots.delete(key));
  return opening;
}

async function openRoot(input: DiskReplicaInput, leave: () => void): Promise<SharedRoot> {
  const disk = await openDiskReplica(input);
  const root: SharedRoot = {
    disk,
    handles: new Set(),
    walking: undefined,
    walked: Number.NEGATIVE_INFINITY,
    orphans: new Map(),
    polling: undefined,
    closed: false,
    leave,
  };
  disk.onEvent = (event) => {
    // Whoever opens it now may find another directory under its name.
    if (event.type === 'root-lost') leave();
    if (event.type === 'polling') root.polling = event;
    tell(root, event);
  };
  void disk.closed.then((reason) => {
    leave();
    for (const handle of [...root.handles]) handle.end(reason);
  });
  return root;
}

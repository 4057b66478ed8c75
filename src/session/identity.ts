/**
 * Whether a replica is the one that the base speaks of (DESIGN 5.4). A container that was recreated, a
 * root that was made anew: then the base is of no use, and what is missing there was not removed by
 * anybody.
 */
import type { ReplicaIdentity } from '../replica/replica.ts';

export interface Identity {
  readonly local: ReplicaIdentity;
  readonly container: ReplicaIdentity;
  /** Id of the container; absent for a second local directory. */
  readonly containerId?: string;
}

/** Why the base cannot be used with these replicas, or undefined when it can. */
export function identityChange(known: unknown, now: Identity): string | undefined {
  if (!isIdentity(known)) return undefined;
  if (known.containerId !== now.containerId) return 'the container was recreated';
  if (!sameRoot(known.container, now.container))
    return 'the directory in the container is another one than before';
  if (!sameRoot(known.local, now.local)) return 'the local directory is another one than before';
  return undefined;
}

// Device numbers change with a remount or a reboot; inode and birth together tell directories apart.
function sameRoot(a: ReplicaIdentity, b: ReplicaIdentity): boolean {
  return a.inode === b.inode && a.born === b.born;
}

function isIdentity(value: unknown): value is Identity {
  return typeof value === 'object' && value !== null && 'local' in value && 'container' in value;
}

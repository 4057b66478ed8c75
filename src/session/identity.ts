/**
 * Whether a replica is the one that the base speaks of (DESIGN 5.4). A root that was made anew, a
 * container that was recreated without keeping its files, a volume that was: then the base is of no
 * use, and what is missing there was not removed by anybody.
 */
import type { FarPlace } from '../link/route.ts';
import type { ReplicaIdentity } from '../replica/replica.ts';

/** What holds the far root; another directory of this machine has only its root. */
export type Place = FarPlace | { readonly kind: 'local' };

export interface Identity {
  readonly local: ReplicaIdentity;
  readonly container: ReplicaIdentity;
  readonly place: Place;
}

/** Why the base cannot be used with these replicas, or undefined when it can. */
export function identityChange(known: unknown, now: Identity): string | undefined {
  if (!isIdentity(known)) return 'the state does not say of which directories it speaks';
  const place = placeChange(known.place, now.place);
  if (place !== undefined) return place;
  if (!sameRoot(known.container, now.container))
    return 'the directory in the container is another one than before';
  if (!sameRoot(known.local, now.local)) return 'the local directory is another one than before';
  return undefined;
}

function placeChange(known: Place, now: Place): string | undefined {
  if (known.kind !== now.kind) return 'the directory in the container is stored elsewhere';
  if (JSON.stringify(known) === JSON.stringify(now)) return undefined;
  if (now.kind === 'container') return 'the container was recreated';
  if (now.kind === 'host') return `the machine is called otherwise than before`;
  if (now.kind === 'volume') return `the volume ${now.name} is another one than before`;
  return 'the directory in the container is stored elsewhere';
}

// Device numbers change with a remount or a reboot; inode and birth together tell directories apart.
function sameRoot(a: ReplicaIdentity, b: ReplicaIdentity): boolean {
  return a.inode === b.inode && a.born === b.born;
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  return 'local' in value && 'container' in value && 'place' in value;
}

/** What is to be done about one item, from what stands at its two places. Pure. */
import { isWithin } from '../../tree/path.ts';
import { needsPlaceholder, type SyncItem } from './items.ts';
import type { LocalState, VolumeState } from './look.ts';
import type { SyncPlaces } from './places.ts';

export type SyncDeed =
  /** What stands in the home directory goes into the volume, merged with what is there. */
  | { readonly do: 'move' }
  | { readonly do: 'link' }
  /** Something empty is made in the volume, and linked. */
  | { readonly do: 'placeholder'; readonly link: boolean }
  | { readonly do: 'nothing'; readonly why: 'linked' | 'inside' | 'not there' }
  | { readonly do: 'refuse'; readonly why: string };

export interface Situation {
  readonly item: SyncItem;
  readonly local: LocalState;
  readonly volume: VolumeState;
  readonly places: SyncPlaces;
}

export function decide({ item, local, volume, places }: Situation): SyncDeed {
  const target = `${places.data}/${item.target}`;
  if (local.kind === 'blocked') return { do: 'refuse', why: local.why };
  if (local.kind === 'inside') return { do: 'nothing', why: 'inside' };
  if (volume.kind === 'blocked') return { do: 'refuse', why: volume.why };
  if (volume.kind === 'other') return { do: 'refuse', why: `${target} is a socket or a device` };
  if (local.kind === 'other') return { do: 'refuse', why: 'it is a socket or a device' };
  const absent = volume.kind === 'nothing';
  if (local.kind === 'link') {
    if (local.leads === target) {
      if (absent && needsPlaceholder(item)) return { do: 'placeholder', link: false };
      return { do: 'nothing', why: 'linked' };
    }
    // A link into the volume holds nothing itself: one of an earlier layout is led anew.
    if (isWithin(places.data, local.leads) && !absent) return { do: 'link' };
    return {
      do: 'refuse',
      why: `it is a link to ${local.text}; remove it, or put its content there`,
    };
  }
  if (local.kind === 'nothing') {
    if (!absent) return { do: 'link' };
    return needsPlaceholder(item)
      ? { do: 'placeholder', link: true }
      : { do: 'nothing', why: 'not there' };
  }
  if (item.kind !== 'any' && local.kind !== item.kind)
    return { do: 'refuse', why: `it is a ${local.kind}, and should be a ${item.kind}` };
  return { do: 'move' };
}

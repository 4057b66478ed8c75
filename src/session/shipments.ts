/**
 * How large contents travel: by rsync where much of a file is on the other side already, or where there are
 * many; else as a stream of their own, which starts at once. In groups that are put in place as soon as
 * they are there, so that what waits in the staging area is bounded. Pure.
 */
import type { Step } from './plan.ts';

export type LargeStep = Step & { readonly ready: false };

export type Shipment =
  | { readonly by: 'rsync'; readonly delta: boolean; readonly steps: readonly LargeStep[] }
  | { readonly by: 'plain'; readonly step: LargeStep };

const mib = 1024 * 1024;

export interface Ways {
  /** Both sides have an rsync that may be used. */
  readonly rsync: boolean;
  /** The link takes its time, so that every byte which need not travel pays. */
  readonly slow: boolean;
}

/** Starting two processes takes as long as sending this much. */
const deltaAbove = { slow: mib / 2, fast: 8 * mib };
/** So many new contents are worth two processes. */
const manyFiles = 64;
const groupFiles = 256;
const groupBytes = 256 * mib;

export function planShipments(steps: readonly LargeStep[], ways: Ways): readonly Shipment[] {
  if (!ways.rsync) return steps.map((step) => ({ by: 'plain', step }));
  const changed = steps.filter((step) => isDelta(step, ways));
  const others = steps.filter((step) => !isDelta(step, ways));
  return [
    ...toGroups(changed).map((group) => ({ by: 'rsync' as const, delta: true, steps: group })),
    ...(others.length < manyFiles
      ? others.map((step) => ({ by: 'plain' as const, step }))
      : toGroups(others).map((group) => ({ by: 'rsync' as const, delta: false, steps: group }))),
  ];
}

function isDelta({ entry, expect }: LargeStep, ways: Ways): boolean {
  return expect?.kind === 'file' && isWorthDelta(entry.size, expect.size, ways);
}

/** What is there already is large too, so that there is something to find in it. */
export function isWorthDelta(size: number, basis: number, { slow }: Pick<Ways, 'slow'>): boolean {
  const least = slow ? deltaAbove.slow : deltaAbove.fast;
  return size >= least && basis >= least / 4;
}

function toGroups(steps: readonly LargeStep[]): readonly (readonly LargeStep[])[] {
  const groups: LargeStep[][] = [];
  let bytes = 0;
  for (const step of steps) {
    const group = groups.at(-1);
    const full = group === undefined || group.length >= groupFiles;
    if (full || bytes + step.entry.size > groupBytes) {
      groups.push([step]);
      bytes = 0;
    } else group.push(step);
    bytes += step.entry.size;
  }
  return groups;
}

/**
 * The plan against what the volume holds: what is written, what goes, and what of the container's own
 * work would be displaced and is kept beside it. Nothing that a container wrote is lost. Pure.
 */
import { agentUser } from '../../docker/agent-places.ts';
import { isWithin } from '../../tree/path.ts';
import type { VolumeEntry } from '../volume/entry.ts';
import type { ImportPlan, PlannedEntry } from './plan.ts';
import type { ImportRecord, Recorded } from './record.ts';

export interface SettleInput {
  readonly plan: ImportPlan;
  readonly present: readonly VolumeEntry[];
  readonly record: ImportRecord | undefined;
  /** As the record has it. */
  readonly source: string;
  /** Volume paths of entries that mirror the source. */
  readonly mirrors: readonly string[];
}

export interface Settled {
  readonly writes: readonly PlannedEntry[];
  /** Planned, and in the volume already, as can be told without reading anything. */
  readonly asBefore: number;
  readonly removes: readonly string[];
  /** In the volume, perhaps not written by import, and displaced by a write: to be compared, or kept. */
  readonly suspects: readonly Suspect[];
}

export interface Suspect {
  readonly entry: VolumeEntry;
  /** The write that displaces it. */
  readonly by: PlannedEntry;
}

export function settle(input: SettleInput): Settled {
  const present = new Map(input.present.map((entry) => [entry.path, entry]));
  const isOurs = (entry: VolumeEntry): boolean =>
    matches(entry, input.record?.entries.get(entry.path));
  const writes: PlannedEntry[] = [];
  let asBefore = 0;
  const suspects: Suspect[] = [];
  for (const planned of input.plan.entries) {
    const there = present.get(planned.path);
    if (!isNeeded(planned, there)) continue;
    if (isAsBefore(planned, there, input.record?.entries.get(planned.path))) {
      asBefore += 1;
      continue;
    }
    writes.push(planned);
    for (const entry of displaced(planned, there, input.present))
      if (!isOurs(entry)) suspects.push({ entry, by: planned });
  }
  return { writes, asBefore, suspects, removes: removals(input, isOurs) };
}

/** Placeholders and parents give way to what is there; an empty file is nothing. */
function isNeeded(planned: PlannedEntry, there: VolumeEntry | undefined): boolean {
  if (there === undefined) return true;
  if (planned.kind === 'directory' && planned.onlyNew) return false;
  if (planned.kind !== 'file' || !planned.placeholder) return true;
  return there.kind === 'file' && there.size === 0;
}

/** Neither side of a file was touched since an import wrote it. */
function isAsBefore(
  planned: PlannedEntry,
  there: VolumeEntry | undefined,
  known: Recorded | undefined,
): boolean {
  if (planned.kind !== 'file' || planned.placeholder || there?.kind !== 'file') return false;
  return (
    isSameSource(planned, known) &&
    matches(there, known) &&
    there.mode === planned.mode &&
    there.uid === agentUser.uid &&
    there.gid === agentUser.gid
  );
}

/** The source's file is what the record says an import read. */
export function isSameSource(planned: PlannedEntry, known: Recorded | undefined): boolean {
  if (planned.kind !== 'file' || planned.content.kind !== 'source' || known?.kind !== 'file')
    return false;
  const { size, ctime } = planned.content;
  return size === known.size && ctime === known.ctime && planned.mtime === known.mtime;
}

/** What a write takes the place of; a directory with all that is in it. */
function displaced(
  planned: PlannedEntry,
  there: VolumeEntry | undefined,
  present: readonly VolumeEntry[],
): readonly VolumeEntry[] {
  if (there === undefined || (there.kind === 'directory' && planned.kind === 'directory'))
    return [];
  if (there.kind === 'directory')
    return present.filter(({ path, kind }) => kind !== 'directory' && isWithin(there.path, path));
  if (there.kind === 'link' && planned.kind === 'link' && there.target === planned.target)
    return [];
  return there.kind === 'file' && there.size === 0 ? [] : [there];
}

/** The same as import wrote it, as far as can be told without reading it. */
export function matches(entry: VolumeEntry, recorded: Recorded | undefined): boolean {
  if (recorded === undefined || entry.kind !== recorded.kind) return false;
  if (entry.kind === 'link' && recorded.kind === 'link') return entry.target === recorded.target;
  if (entry.kind === 'file' && recorded.kind === 'file')
    return entry.size === recorded.size && Math.abs(entry.mtime - recorded.mtime) < 2;
  return true;
}

/** What import once brought from this source, which has it no more; and what a mirror has not. */
function removals(
  { plan, present, record, source, mirrors }: SettleInput,
  isOurs: (entry: VolumeEntry) => boolean,
): readonly string[] {
  const same = record?.source === source;
  return present
    .filter((entry) => {
      if (!plan.isGone(entry.path)) return false;
      if (mirrors.some((mirror) => entry.path !== mirror && isWithin(mirror, entry.path)))
        return true;
      return same && isOurs(entry);
    })
    .map(({ path }) => path);
}

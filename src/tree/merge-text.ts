/**
 * Three-way merge of texts by lines, for the policy 'merge' (DESIGN 7). It either is clean or does
 * not happen: no conflict markers, and no guess where the two sides touched the same or adjacent
 * lines. Contents may come from a hostile container, so its time is bounded whatever they hold.
 */
import { isUtf8 } from 'node:buffer';
import { diffArrays } from 'diff';

/** Larger texts are not merged. */
export const maxTextBytes = 1024 * 1024;
/** Lines that a side may have added and removed; finding that many takes a tenth of a second. */
const maxEdits = 1000;

/** A run of base lines and what one side has in its place. */
interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
}

type Hunks = readonly Hunk[];

/** The merged text; undefined when that is not clean, or when one of the three is not a text. */
export function mergeText(
  base: Uint8Array,
  local: Uint8Array,
  container: Uint8Array,
): Uint8Array | undefined {
  const [from, mine, theirs] = [linesOf(base), linesOf(local), linesOf(container)];
  if (from === undefined || mine === undefined || theirs === undefined) return undefined;
  const sides = [difference(from, mine), difference(from, theirs)] as const;
  if (sides[0] === undefined || sides[1] === undefined) return undefined;
  const merged = mergeHunks(from, sides[0], sides[1]);
  return merged === undefined
    ? undefined
    : Buffer.from(apply(from, merged, 0, from.length).join(''));
}

/** True for what is merged, and shown, line by line. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.length <= maxTextBytes && !bytes.includes(0) && isUtf8(bytes);
}

/** With their line ends; the last one may have none. undefined when it is no text. */
function linesOf(bytes: Uint8Array): string[] | undefined {
  if (!isText(bytes)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** In the order of the lines; undefined when there are too many. */
function difference(from: readonly string[], to: readonly string[]): Hunks | undefined {
  const changes = diffArrays([...from], [...to], { maxEditLength: maxEdits });
  if (changes === undefined) return undefined;
  const hunks: Hunk[] = [];
  let start = 0;
  let end = 0;
  let lines: readonly string[] = [];
  const close = () => {
    if (end > start || lines.length > 0) hunks.push({ start, end, lines });
    lines = [];
    start = end;
  };
  for (const change of changes) {
    if (change.added) lines = change.value;
    else if (change.removed) end += change.count;
    else {
      close();
      end += change.count;
      start = end;
    }
  }
  close();
  return hunks;
}

/** All hunks of both sides; undefined when some of the two touch and are not the same. */
function mergeHunks(from: readonly string[], mine: Hunks, theirs: Hunks): Hunks | undefined {
  const merged: Hunk[] = [];
  const queue = [
    ...mine.map((hunk) => ({ hunk, isMine: true })),
    ...theirs.map((hunk) => ({ hunk, isMine: false })),
  ];
  queue.sort((a, b) => a.hunk.start - b.hunk.start);
  for (let at = 0; at < queue.length; ) {
    const first = queue[at] as (typeof queue)[number];
    const { start } = first.hunk;
    let { end } = first.hunk;
    const group: Record<'mine' | 'theirs', Hunk[]> = { mine: [], theirs: [] };
    for (
      let next: typeof first | undefined = first;
      next !== undefined && next.hunk.start <= end;
      next = queue[at]
    ) {
      group[next.isMine ? 'mine' : 'theirs'].push(next.hunk);
      end = Math.max(end, next.hunk.end);
      at += 1;
    }
    if (group.mine.length === 0 || group.theirs.length === 0) {
      merged.push(...group.mine, ...group.theirs);
      continue;
    }
    const lines = apply(from, group.mine, start, end);
    const others = apply(from, group.theirs, start, end);
    if (lines.length !== others.length || lines.some((line, i) => line !== others[i]))
      return undefined;
    merged.push({ start, end, lines });
  }
  return merged;
}

/** The base lines from `start` to `end` with the hunks in them. */
function apply(from: readonly string[], hunks: Hunks, start: number, end: number): string[] {
  const parts: (readonly string[])[] = [];
  let at = start;
  for (const hunk of hunks) {
    parts.push(from.slice(at, hunk.start), hunk.lines);
    at = hunk.end;
  }
  parts.push(from.slice(at, end));
  return parts.flat();
}

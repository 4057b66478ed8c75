/** What is different between two ends, for people and programs. Pure. */
import { unifiedDiff } from '../tree/diff-text.ts';
import type { Path } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import type { EndContent } from './diff-end.ts';

export interface Comparison {
  readonly path: Path;
  readonly from: Omit<EndContent, 'text'>;
  readonly to: Omit<EndContent, 'text'>;
  /**
   * 'same', 'text' with a patch, or why there is none: other kinds of things, no text, larger than 1 MiB, or
   * a content that is not kept.
   */
  readonly result: 'same' | 'text' | 'kind' | 'binary' | 'large' | 'unknown';
  /** Unified, with three lines of context. */
  readonly patch?: string;
}

export function compare(path: Path, from: EndContent, to: EndContent): Comparison {
  const { text: old, ...before } = from;
  const { text: now, ...after } = to;
  const pair = { path, from: before, to: after };
  const kinds = [from.kind, to.kind].filter((kind) => kind !== 'nothing');
  if (kinds.length === 0 || (kinds.every((kind) => kind === 'directory') && kinds.length === 2))
    return { ...pair, result: 'same' };
  if (new Set(kinds).size > 1 || kinds.includes('directory')) return { ...pair, result: 'kind' };
  const without = from.without ?? to.without;
  if (without !== undefined) return { ...pair, result: without };
  const patch = unifiedDiff(
    { name: nameOf(path, from), text: old ?? '' },
    { name: nameOf(path, to), text: now ?? '' },
  );
  if (patch !== '') return { ...pair, result: 'text', patch };
  return { ...pair, result: from.kind === to.kind ? 'same' : 'kind' };
}

/** `local/src/app.ts`; with one part before the path, so that `patch -p1` takes it. */
function nameOf(path: Path, { label, kind }: EndContent): string {
  return kind === 'nothing' ? '/dev/null' : `${label.replace(' ', '-')}/${displayPath(path)}`;
}

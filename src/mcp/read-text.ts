/** A part of a text by lines, within a limit of characters; says where the next part begins. Pure. */
import { linesOf } from './text.ts';

export interface Range {
  readonly startLine?: number | undefined;
  readonly lineCount?: number | undefined;
  readonly tail?: number | undefined;
}

export interface Part {
  readonly text: string;
  /** 1-based; 0 when nothing is shown. */
  readonly first_line: number;
  readonly last_line: number;
  readonly total_lines: number;
  /** There is more after what was asked for, or than fits. */
  readonly next_line?: number;
  /** A line that is longer than the limit was cut. */
  readonly cut?: boolean;
}

export function partOf(text: string, range: Range, maxChars: number): Part {
  const lines = linesOf(text);
  const total = lines.length;
  const start =
    range.tail === undefined ? (range.startLine ?? 1) - 1 : Math.max(0, total - range.tail);
  const end = Math.min(total, range.lineCount === undefined ? total : start + range.lineCount);
  let chars = 0;
  let at = start;
  while (at < end) {
    const length = (lines[at] as string).length;
    if (chars + length > maxChars) break;
    chars += length;
    at += 1;
  }
  if (at === start && start < end) return cutLine(lines, start, maxChars);
  const shown = lines.slice(start, at).join('');
  return {
    text: shown,
    first_line: at > start ? start + 1 : 0,
    last_line: at > start ? at : 0,
    total_lines: total,
    ...(at < total && at >= start ? { next_line: at + 1 } : {}),
  };
}

/** One line that alone is too long: its beginning, so that reading goes on. */
function cutLine(lines: readonly string[], start: number, maxChars: number): Part {
  const line = (lines[start] as string).slice(0, maxChars);
  return {
    // Half of a surrogate pair is no text.
    text: line.replace(/[\ud800-\udbff]$/, ''),
    first_line: start + 1,
    last_line: start + 1,
    total_lines: lines.length,
    ...(start + 1 < lines.length ? { next_line: start + 2 } : {}),
    cut: true,
  };
}

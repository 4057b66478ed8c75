/** The demonstration as text. Pure. */

import { displayPath } from '../tree/path.ts';
import type { Comparison } from './demo-compare.ts';
import type { StepResult } from './demo-stage.ts';
import { count } from './format.ts';
import type { Colors } from './output.ts';
import { arrow } from './render-event.ts';

const titleWidth = 46;

/** One aligned line: where it arrives, what it is, how long it took. */
export function renderStep({ to, title, ms, note }: StepResult, colors: Colors): string {
  const way = `${to === 'both' ? '⇄' : arrow(to)} ${to.padEnd(9)}`;
  const time = ms === null ? 'did not arrive' : milliseconds(ms);
  const paint = ms === null ? colors.red : colors.green;
  const remark = note === undefined ? '' : `  ${colors.dim(displayPath(note))}`;
  return `${colors.cyan(way)}  ${displayPath(title).padEnd(titleWidth)}  ${paint(time.padStart(9))}${remark}`;
}

export interface Summary {
  readonly arrived: number;
  readonly missed: number;
  /** Of what happened after the first sync. */
  readonly medianMs: number | null;
  readonly slowest: { readonly title: string; readonly ms: number } | null;
}

/** The first step is the first sync; it counts as arrived or not, but is no live change. */
export function summarise([first, ...live]: readonly StepResult[]): Summary {
  const all = [...(first === undefined ? [] : [first]), ...live];
  const timed = live.flatMap(({ title, ms }) => (ms === null ? [] : [{ title, ms }]));
  timed.sort((a, b) => a.ms - b.ms);
  const arrived = all.filter((step) => step.ms !== null).length;
  return {
    arrived,
    missed: all.length - arrived,
    medianMs: timed[Math.floor((timed.length - 1) / 2)]?.ms ?? null,
    slowest: timed.at(-1) ?? null,
  };
}

/** What it came to, and what the two trees look like now. */
export function renderSummary(summary: Summary, comparison: Comparison, colors: Colors): string[] {
  const { arrived, missed, medianMs, slowest } = summary;
  const share = `${arrived} of ${arrived + missed} changes arrived`;
  const times =
    medianMs === null || slowest === null
      ? ''
      : `; median ${milliseconds(medianMs)}, slowest ${milliseconds(slowest.ms)} (${displayPath(slowest.title)})`;
  return [
    `${missed === 0 ? colors.green(share) : colors.red(share)}${times}`,
    ...renderComparison(comparison, colors),
  ];
}

function renderComparison(comparison: Comparison, colors: Colors): string[] {
  const { files, directories, links, differences } = comparison;
  const size = `${count(files, 'file')}, ${count(directories, 'directory', 'directories')}, ${count(links, 'link')}`;
  if (differences.length === 0)
    return [
      `${colors.green('both sides are the same')}: ${size}; types, contents, executable bits and links compared`,
    ];
  return [
    `${colors.red('the sides differ')} at ${count(differences.length, 'path')}:`,
    ...differences.map((path) => `  ${displayPath(path)}`),
  ];
}

function milliseconds(ms: number): string {
  return `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

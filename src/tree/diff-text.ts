/**
 * The difference of two texts as a unified patch. One of them may come from a hostile container, so its
 * time is bounded whatever they hold.
 */
import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from 'diff';

/** Lines added and removed; where there are more, all lines are told as replaced. */
const maxEdits = 2000;

export interface Named {
  readonly name: string;
  readonly text: string;
}

/** A patch with three lines of context; '' when the two are the same. */
export function unifiedDiff(from: Named, to: Named): string {
  if (from.text === to.text) return '';
  const patch = structuredPatch(from.name, to.name, from.text, to.text, undefined, undefined, {
    context: 3,
    maxEditLength: maxEdits,
  });
  if (patch === undefined) return wholeReplaced(from, to);
  return formatPatch(patch, FILE_HEADERS_ONLY);
}

function wholeReplaced(from: Named, to: Named): string {
  const [old, now] = [linesOf(from.text), linesOf(to.text)];
  const span = (lines: readonly string[]) => (lines.length === 0 ? '0,0' : `1,${lines.length}`);
  return [
    `--- ${from.name}`,
    `+++ ${to.name}`,
    `@@ -${span(old)} +${span(now)} @@`,
    ...marked('-', old, from.text),
    ...marked('+', now, to.text),
    '',
  ].join('\n');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function marked(mark: string, lines: readonly string[], text: string): string[] {
  const rows = lines.map((line) => mark + line);
  return text === '' || text.endsWith('\n') ? rows : [...rows, '\\ No newline at end of file'];
}

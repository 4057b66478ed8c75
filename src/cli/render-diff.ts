/** A comparison as text; a patch can be piped to `patch`. Pure. */
import type { Comparison } from '../control/compare.ts';
import { displayPath } from '../tree/path.ts';
import { bytes } from './format.ts';
import type { Colors } from './output.ts';

type End = Comparison['from'];

export function renderComparison(comparison: Comparison, colors: Colors): string[] {
  const { path, from, to, result, patch } = comparison;
  const name = displayPath(path);
  const bits = executableLine(comparison);
  const lines = bits === undefined ? [] : [`${name}: ${bits}`];
  switch (result) {
    case 'text':
      return [...lines, ...patchLines(patch ?? '', colors)];
    case 'same':
      return lines.length > 0 ? lines : [`${name}: ${from.label} and ${to.label} are the same`];
    case 'kind':
      return [`${name}: ${inWords(from)}, ${inWords(to)}`];
    default:
      return [...lines, `${name}: ${inWords(from)} and ${inWords(to)} ${why[result]}`];
  }
}

const why = {
  binary: 'are not both texts',
  large: 'are too large to be compared',
  unknown: 'cannot be compared: a content is not kept, or was changed just now',
} as const;

function executableLine({ from, to }: Comparison): string | undefined {
  const known = from.executable !== undefined && to.executable !== undefined;
  if (!known || from.executable === to.executable) return undefined;
  const word = (end: End) => (end.executable === true ? 'executable' : 'not executable');
  return `${from.label} is ${word(from)}, ${to.label} is ${word(to)}`;
}

function inWords({ label, kind, size }: End): string {
  if (kind === 'nothing') return `${label} has nothing`;
  return `${label} is a ${kind}${size === undefined ? '' : ` of ${bytes(size)}`}`;
}

function patchLines(patch: string, colors: Colors): string[] {
  const lines = patch.replace(/\n$/, '').split('\n');
  if (!colors.isColorSupported) return lines;
  return lines.map((line, at) => {
    // The other side may have written what steers a terminal.
    const shown = line.split('\t').map(displayPath).join('\t');
    if (at < 2) return colors.bold(shown);
    if (line.startsWith('@@')) return colors.cyan(shown);
    if (line.startsWith('+')) return colors.green(shown);
    return line.startsWith('-') ? colors.red(shown) : shown;
  });
}

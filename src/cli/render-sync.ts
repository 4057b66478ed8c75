/** What `cai sync` did, for people. Pure. */
import type { SyncAction, SyncReport } from '../home/sync/sync.ts';
import { displayPath } from '../tree/path.ts';
import { count } from './format.ts';
import type { Colors } from './output.ts';

export interface RenderSyncOptions {
  readonly colors: Colors;
  readonly verbose: boolean;
}

export function renderSync(report: SyncReport, { colors, verbose }: RenderSyncOptions): string[] {
  const lines = report.actions.flatMap((action) => renderAction(action, report, verbose));
  const painted = lines.map(({ text, refused }) => {
    const shown = displayPath(text);
    return refused ? colors.red(shown) : shown;
  });
  return [...painted, renderSummary(report)];
}

interface Line {
  readonly text: string;
  readonly refused?: true;
}

function renderAction(action: SyncAction, report: SyncReport, verbose: boolean): Line[] {
  const { path, target, outcome, kept = [], files = 0, reason = '' } = action;
  const would = report.dryRun ? 'would be ' : '';
  const beside = kept.map(
    ({ path: which, as, whose }): Line => ({
      text: `  ${which}: the ${whose}'s version ${would}kept as ${as}`,
    }),
  );
  switch (outcome) {
    case 'moved':
      return [
        { text: `~/${path} ${would}moved to ${report.data}/${target} (${count(files, 'file')})` },
        ...beside,
      ];
    case 'refused':
      return [{ text: `~/${path} stays: ${reason}`, refused: true }, ...beside];
    case 'linked':
    case 'placeholder':
      return verbose
        ? [{ text: `~/${path} ${would}linked to ${report.data}/${target}` }, ...beside]
        : beside;
    case 'unchanged':
      return verbose ? [{ text: `~/${path} unchanged (${reason})` }, ...beside] : beside;
  }
}

function renderSummary({ actions, dryRun }: SyncReport): string {
  const number = (...outcomes: readonly SyncAction['outcome'][]): number =>
    actions.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const refused = number('refused');
  const parts = [
    `${number('moved')} moved`,
    `${number('linked', 'placeholder')} linked`,
    ...(refused > 0 ? [`${refused} refused`] : []),
    `${number('unchanged')} unchanged`,
  ];
  return `${dryRun ? 'dry run: ' : ''}${parts.join(', ')}`;
}

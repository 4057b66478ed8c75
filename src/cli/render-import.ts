/** What an import did, for people. Pure. */

import type { ImportReport } from '../home/import/directory.ts';
import type { Decision } from '../home/import/plan.ts';
import { displayPath } from '../tree/path.ts';
import { count, table } from './format.ts';
import type { Colors } from './output.ts';

export interface RenderImportOptions {
  readonly colors: Colors;
  readonly verbose: boolean;
  /** Also in a running container, whose user wants to know what is another now. */
  readonly changes: boolean;
}

export function renderImport(report: ImportReport, options: RenderImportOptions): string[] {
  const { dryRun, volume, madeVolume, source } = report;
  const made = madeVolume ? (dryRun ? ' (would be made)' : ' (made)') : '';
  return [
    `${dryRun ? 'would import' : 'imported'} ${source} into volume ${volume}${made}`,
    ...(options.verbose ? renderExcludes(report) : []),
    ...(options.verbose ? renderDecisions(report.decisions) : []),
    ...(dryRun || options.verbose || options.changes ? renderChanges(report, options.colors) : []),
    ...renderKept(report, options.colors),
    ...(options.verbose ? [] : renderPlaceholders(report)),
    renderSummary(report),
  ];
}

function renderExcludes({ excludes }: ImportReport): string[] {
  if (excludes.length === 0) return ['excludes: none'];
  return [`excludes: ${excludes.join('  ')}`];
}

/** Every path with what is done about it, and why. */
function renderDecisions(decisions: readonly Decision[]): string[] {
  return table(
    decisions.map(({ source, outcome, target, reason }) => [
      outcome,
      displayPath(target === undefined || target === source ? source : `${source} -> ${target}`),
      displayPath(reason ?? ''),
    ]),
  );
}

function renderChanges(report: ImportReport, colors: Colors): string[] {
  const would = report.dryRun ? 'would ' : '';
  const lines = (paths: readonly string[], word: string): string[] =>
    paths.map((path) => `${would}${word} ${displayPath(path)}`);
  return [
    ...lines(report.created, 'create').map((line) => colors.green(line)),
    ...lines(report.updated, 'update').map((line) => colors.yellow(line)),
    ...lines(report.attributes, 'change mode or owner of'),
    ...lines(report.removed, 'remove').map((line) => colors.red(line)),
  ];
}

function renderKept({ kept, dryRun }: ImportReport, colors: Colors): string[] {
  const would = dryRun ? 'would be ' : '';
  return kept.map(({ path, as }) =>
    colors.yellow(
      displayPath(`${path} was changed in the container: that version ${would}kept as ${as}`),
    ),
  );
}

function renderPlaceholders({ decisions, created }: ImportReport): string[] {
  const names = decisions
    .filter(
      ({ outcome, reason }) => outcome === 'placeholder' && reason?.startsWith('a credential'),
    )
    .flatMap(({ source, target = '' }) => (created.includes(target) ? [source] : []));
  if (names.length === 0) return [];
  return [`empty, for logging in inside the container: ${names.join(', ')}`];
}

function renderSummary(report: ImportReport): string {
  const { created, updated, attributes, removed, unchanged, decisions, dryRun } = report;
  const [make, change, remove] = dryRun
    ? ['to create', 'to update', 'to remove']
    : ['created', 'updated', 'removed'];
  const skipped = decisions.filter(({ outcome }) => outcome === 'skipped').length;
  const parts = [
    ...(created.length > 0 ? [`${created.length} ${make}`] : []),
    ...(updated.length > 0 ? [`${updated.length} ${change}`] : []),
    ...(attributes.length > 0 ? [`${attributes.length} with another mode or owner`] : []),
    ...(removed.length > 0 ? [`${removed.length} ${remove}`] : []),
    `${unchanged} unchanged`,
    `${count(skipped, 'path')} skipped`,
  ];
  return parts.join(', ');
}

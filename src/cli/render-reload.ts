/** What an import did in a running container, and what a restore did, for people. Pure. */
import type { RestoreResult } from '../home/archive/restore.ts';
import type { Reloaded } from '../home/reload.ts';
import { displayPath } from '../tree/path.ts';
import { bytes, count } from './format.ts';
import { type RenderSyncOptions, renderSync } from './render-sync.ts';

export function renderReload(
  { name, sync, reason = '' }: Reloaded,
  options: RenderSyncOptions,
): string[] {
  if (sync === undefined)
    return [`container ${name} has the new files; its links were not looked after: ${reason}`];
  const lines = renderSync(sync, options);
  return [
    ...sync.warnings.map((warning) => options.colors.yellow(displayPath(`warning ${warning}`))),
    ...lines.slice(0, -1),
    `container ${name} is up to date: ${lines.at(-1)}`,
  ];
}

export function renderRestore(
  result: RestoreResult,
  { verbose, colors }: RenderSyncOptions,
): string[] {
  const { volume, made, dryRun, entries, created, updated, attributes, removed, leftOut } = result;
  const would = dryRun ? 'would ' : '';
  const note = made ? (dryRun ? ' (would be made)' : ' (made)') : '';
  const each = (word: string, paths: readonly string[]): string[] =>
    paths.map((path) => `${would}${word} ${displayPath(path)}`);
  const changes = [
    ...each('create', created).map(colors.green),
    ...each('update', updated).map(colors.yellow),
    ...each('change mode or owner of', attributes),
    ...each('remove', removed).map(colors.red),
  ];
  const parts = [
    ...(created.length > 0 ? [`${created.length} created`] : []),
    ...(updated.length > 0 ? [`${updated.length} updated`] : []),
    ...(attributes.length > 0 ? [`${attributes.length} with another mode or owner`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
    `${result.unchanged} unchanged`,
  ];
  const size = `${count(entries, 'entry', 'entries')}, ${bytes(result.bytes)}`;
  return [
    `${would}${dryRun ? 'restore' : 'restored'} ${size} into volume ${volume}${note}`,
    ...(verbose || dryRun ? changes : []),
    ...(leftOut.length > 0 ? [`${count(leftOut.length, 'secret')} left out (--no-secrets)`] : []),
    parts.join(', '),
  ];
}

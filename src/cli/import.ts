/** `cai import`: brings the user's configuration into a data volume, and into a running container. */
import type { Command } from 'commander';
import { originText } from '../config/layers.ts';
import { CaiError } from '../errors.ts';
import { secretQuestion } from '../home/archive/secrets.ts';
import { exclusion } from '../home/excludes.ts';
import { importDirectory, type SourceOptions } from '../home/import/directory.ts';
import { type ImportSource, importSource } from '../home/import/from.ts';
import { labels } from '../home/names.ts';
import { type Reloaded, reloadContainer, reloadedTwice } from '../home/reload.ts';
import { mustRun, resolveTarget, type Target } from '../home/target.ts';
import { bytes, count } from './format.ts';
import { interruptible } from './interrupt.ts';
import { colors, note, print, printJson, warn } from './output.ts';
import { progressLine } from './progress-line.ts';
import { renderImport } from './render-import.ts';
import { renderReload, renderRestore } from './render-reload.ts';

const examples = `
Without PATH and --container only the volume is written to: that of the current directory, or of
--data-volume. With one of them the container that has the volume must run, and is brought up to date.

Examples:
  $ cai import                       to the volume of this directory
  $ cai import ~/src/shop            and into its running container
  $ cai import --container my-proj   the same, by the container's name
  $ cai import --dry-run --verbose   every decision, and the excludes
  $ cai import --no-secrets          without tokens and keys
  $ cai import --from ~/other/       from another directory
  $ cai import --watch ~/src/shop    and then whatever changes here
  $ cai import --from backup.tgz     put an export back (- for standard input)
`;

interface Flags {
  readonly workspace?: string;
  readonly container?: string;
  readonly dataVolume?: string;
  readonly from?: string;
  readonly config?: string;
  readonly docker?: string;
  readonly dryRun?: true;
  readonly excludes: boolean;
  readonly secrets: boolean;
  readonly verbose?: true;
  readonly watch?: true;
  readonly json?: true;
}

export function define(command: Command): void {
  command
    .argument('[PATH]', 'a workspace whose running container is brought up to date')
    .option('--workspace <path>', 'the same')
    .option('--container <name>', 'that container instead; it must be there')
    .option('--data-volume <volume>', "the volume (default: from the workspace's path)")
    .option('--from <path>', 'a directory or an archive (default: the home directory)')
    .option('--config <path>', "a configuration file in place of the workspace's")
    .option('--dry-run', 'change nothing, show what would be done')
    .option('--no-excludes', 'import what exclude patterns leave out')
    .option('--no-secrets', 'leave out files with tokens and keys')
    .option('--verbose', 'show every decision, what is skipped too')
    .option('--watch', 'go on, and import what changes as it changes')
    .option('--docker <command>', 'docker command, e.g. "docker --context x"')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((path: string | undefined, flags: Flags) =>
      interruptible((signal) => runImport(path, flags, signal)),
    );
}

async function runImport(
  path: string | undefined,
  flags: Flags,
  signal: AbortSignal,
): Promise<void> {
  checkFlags(path, flags);
  const from = importSource(flags.from);
  const target = await resolveTarget({
    ...flags,
    workspace: path ?? flags.workspace,
    wantContainer: true,
    signal,
  });
  mustRun(target);
  for (const warning of warningsOf(target, from)) warn(warning);
  const request: Request = { target, flags, from, signal };
  if (flags.watch !== true) {
    await importOnce(request, {});
    return;
  }
  const { watchImport } = await import('./import-watch.ts');
  await watchImport({
    source: sourceOptions(request),
    signal,
    bring: (how) => importOnce(request, how),
  });
}

function checkFlags(path: string | undefined, flags: Flags): void {
  const { workspace, watch, dryRun, from } = flags;
  const fault =
    path !== undefined && workspace !== undefined
      ? 'PATH and --workspace are the same thing; name the workspace once'
      : watch && dryRun
        ? '--watch and --dry-run exclude each other'
        : watch && importSource(from).kind === 'archive'
          ? '--watch needs a directory to watch'
          : undefined;
  if (fault !== undefined)
    throw new CaiError('USAGE', `${fault}.`, { next: 'See `cai import --help`.' });
}

interface Request {
  readonly target: Target;
  readonly flags: Flags;
  readonly from: ImportSource;
  readonly signal: AbortSignal;
}

async function importOnce(request: Request, { onlyChanged = false }): Promise<void> {
  const { target, flags, from, signal } = request;
  const { command, container } = target;
  const reload = async (): Promise<Reloaded | undefined> =>
    container === undefined || flags.dryRun
      ? undefined
      : reloadContainer({ command, container, signal });
  // What programs in it wrote beside the volume comes in first: else it would pass for newer than the import.
  const before = await reload();
  const brought =
    from.kind === 'archive'
      ? await fromArchive(request, from.path)
      : await fromDirectory(request, onlyChanged);
  const after = await reload();
  const reloaded = after === undefined ? undefined : reloadedTwice(before, after);
  if (flags.json === true) {
    const more = reloaded === undefined ? {} : { container: reloaded };
    printJson({ ...brought.json, ...more });
  } else {
    const options = { colors, verbose: flags.verbose === true };
    for (const line of brought.lines) print(line);
    if (reloaded !== undefined) for (const line of renderReload(reloaded, options)) print(line);
    else if (container !== undefined)
      print(`container ${container.name} would be brought up to date`);
  }
}

/** What came, as JSON and for people. */
interface Brought {
  readonly json: object;
  readonly lines: readonly string[];
}

function sourceOptions({ target, flags, from, signal }: Request): SourceOptions {
  return {
    from: from.path,
    settings: target.settings,
    noExcludes: !flags.excludes,
    noSecrets: !flags.secrets,
    signal,
  };
}

async function fromDirectory(request: Request, onlyChanged: boolean): Promise<Brought> {
  const { target, flags } = request;
  const { command, volume, workspace } = target;
  const line = progressLine();
  try {
    const report = await importDirectory({
      ...sourceOptions(request),
      command,
      volume,
      workspace,
      onlyChanged,
      dryRun: flags.dryRun === true,
      onProgress: note,
      onWrite: ({ files, bytes: done }) =>
        line.show(`importing ${count(files, 'entry', 'entries')}, ${bytes(done)}`),
    });
    const changes = target.container !== undefined || onlyChanged;
    const options = { colors, verbose: flags.verbose === true, changes };
    return { json: report, lines: renderImport(report, options) };
  } finally {
    line.clear();
  }
}

async function fromArchive({ target, flags, signal }: Request, archive: string): Promise<Brought> {
  const { command, volume, workspace, settings } = target;
  const { restoreArchive } = await import('../home/archive/restore.ts');
  const line = progressLine();
  try {
    const result = await restoreArchive({
      command,
      volume,
      archive,
      limits: { maxBytes: settings.restoreMaxBytes, maxEntries: settings.restoreMaxEntries },
      labels: { [labels.managed]: 'true', [labels.workspace]: workspace },
      isExcluded: flags.excludes ? exclusion(settings.excludes) : undefined,
      isUnwanted: flags.secrets ? undefined : secretQuestion(),
      dryRun: flags.dryRun === true,
      signal,
      onProgress: note,
      onWritten: ({ files, entriesTotal }) =>
        line.show(`restoring ${files}/${entriesTotal} entries`),
    });
    return {
      json: result,
      lines: renderRestore(result, { colors, verbose: flags.verbose === true }),
    };
  } finally {
    line.clear();
  }
}

/** A workspace's file may be a stranger's, so what it adds is always told. */
function warningsOf({ settings }: Target, { kind }: ImportSource): readonly string[] {
  const { warnings, origins, additionalPaths } = settings;
  const origin = origins.additionalPaths;
  // An archive is put back as it is.
  const adds = kind === 'directory' && additionalPaths.length > 0;
  if (origin.kind !== 'workspace-file' || !adds) return warnings;
  return [...warnings, `${originText(origin)} also imports ${additionalPaths.join(', ')}`];
}

/** `cai import`: brings the user's configuration into a data volume, and into a running container. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { originText } from '../config/settings.ts';
import { CaiError } from '../errors.ts';
import { type ImportReport, importDirectory } from '../home/import/directory.ts';
import { mustRun, resolveTarget, type Target } from '../home/target.ts';
import { expandHome } from '../home/workspace.ts';
import { interruptible } from './interrupt.ts';
import { colors, errorColors, note, print, printJson } from './output.ts';
import { renderImport } from './render-import.ts';

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
  if (path !== undefined && flags.workspace !== undefined)
    throw new CaiError('USAGE', 'PATH and --workspace are the same thing.', {
      next: 'Name the workspace once.',
    });
  const from = sourceOf(flags.from);
  const target = await resolveTarget({
    ...flags,
    workspace: path ?? flags.workspace,
    wantContainer: true,
    signal,
  });
  mustRun(target);
  for (const warning of warningsOf(target)) note(`${errorColors.yellow('warning')} ${warning}`);
  const report = await fromDirectory(target, { flags, from, signal });
  if (flags.json === true) {
    printJson(report);
    return;
  }
  for (const line of renderImport(report, { colors, verbose: flags.verbose === true })) print(line);
}

/** A directory to import from. */
function sourceOf(from: string | undefined): string | undefined {
  if (from === undefined) return undefined;
  const path = resolve(expandHome(from));
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  throw new CaiError('ROOT', `There is no ${path} to import from.`, {
    path,
    next: 'Name a directory or an archive with --from.',
  });
}

interface Request {
  readonly flags: Flags;
  readonly from: string | undefined;
  readonly signal: AbortSignal;
}

function fromDirectory(target: Target, { flags, from, signal }: Request): Promise<ImportReport> {
  const { command, volume, workspace, settings } = target;
  return importDirectory({
    command,
    volume,
    workspace,
    settings,
    from,
    noExcludes: !flags.excludes,
    noSecrets: !flags.secrets,
    dryRun: flags.dryRun === true,
    signal,
    onProgress: note,
  });
}

/** A workspace's file may be a stranger's, so what it adds is always told. */
function warningsOf({ settings }: Target): readonly string[] {
  const { warnings, origins, additionalPaths } = settings;
  const origin = origins.additionalPaths;
  if (origin.kind !== 'workspace-file' || additionalPaths.length === 0) return warnings;
  return [...warnings, `${originText(origin)} also imports ${additionalPaths.join(', ')}`];
}

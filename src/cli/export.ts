/** `cai export`: the data volume as an archive. */
import type { Command } from 'commander';
import { CaiError, exitCodes } from '../errors.ts';
import type { ExportResult } from '../home/archive/export.ts';
import { outputPath } from '../home/archive/output.ts';
import { secretQuestion } from '../home/archive/secrets.ts';
import { exclusion } from '../home/excludes.ts';
import { resolveTarget, type Target } from '../home/target.ts';
import { bytes, count } from './format.ts';
import { interruptible } from './interrupt.ts';
import { errorColors, note, print, printJson } from './output.ts';
import { progressLine } from './progress-line.ts';

const examples = `
The archive holds everything in the volume, credentials too; only you may read it. Without -o it is
containai-export-YYYYMMDD-HHMMSS.tgz in the current directory. \`cai import --from\` restores it.

Examples:
  $ cai export                       to the current directory
  $ cai export -o ~/backup.tgz       to a file
  $ cai export -o ~/backups/         to a directory
  $ cai export -o - | ssh box 'cat > backup.tgz'
  $ cai export --container my-proj   the volume of a container
  $ cai export --data-volume vol     a volume
`;

export interface ExportFlags {
  readonly output?: string;
  readonly container?: string;
  readonly dataVolume?: string;
  readonly workspace?: string;
  readonly config?: string;
  readonly docker?: string;
  readonly excludes: boolean;
  readonly secrets: boolean;
  readonly verbose?: true;
  readonly json?: true;
}

export function define(command: Command): void {
  command
    .option('-o, --output <path>', 'file or directory; "-" for standard output')
    .option('--container <name>', 'export the volume of this container')
    .option('--data-volume <volume>', 'export this volume')
    .option('--workspace <path>', 'workspace whose volume and configuration are meant')
    .option('--config <path>', "a file in place of the workspace's configuration")
    .option('--no-excludes', 'also what the excludes leave out')
    .option('--no-secrets', 'without the files that hold tokens and keys')
    .option('--docker <command>', 'docker command, e.g. "docker --context x"')
    .option('--verbose', 'name what is left out')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(run);
}

async function run(flags: ExportFlags): Promise<void> {
  const { json = false, verbose = false } = flags;
  if (flags.output === '-' && json)
    throw new CaiError('USAGE', 'Standard output cannot hold the archive and JSON.', {
      next: 'Name a file with -o.',
    });
  const result = await interruptible(async (signal) => {
    const target = await resolveTarget({ ...flags, wantContainer: false, signal });
    for (const warning of target.settings.warnings)
      note(`${errorColors.yellow('warning')} ${warning}`);
    return exportTarget(target, flags, signal);
  });
  if (json) printJson(result);
  else if (result.path !== '-') print(result.path);
  if (!json) report(result, verbose);
  if (result.torn.length > 0) process.exitCode = exitCodes.UNSETTLED;
}

/** Also what `cai stop --export` does. */
export async function exportTarget(
  { command, volume, settings }: Target,
  { output, excludes, secrets }: Pick<ExportFlags, 'output' | 'excludes' | 'secrets'>,
  signal: AbortSignal,
): Promise<ExportResult> {
  const path = output === '-' ? '-' : await outputPath(output);
  const { exportVolume } = await import('../home/archive/export.ts');
  const line = progressLine();
  try {
    return await exportVolume({
      command,
      volume,
      output: path,
      isExcluded: excludes ? exclusion(settings.excludes) : undefined,
      isUnwanted: secrets ? undefined : secretQuestion(),
      signal,
      onProgress: note,
      onWritten: ({ phase, files, filesTotal, bytes: done, bytesTotal }) => {
        const verb = phase === 'write' ? 'exporting' : 'verifying';
        line.show(`${verb} ${files}/${filesTotal} files, ${bytes(done)} of ${bytes(bytesTotal)}`);
      },
    });
  } finally {
    line.clear();
  }
}

function report(result: ExportResult, verbose: boolean): void {
  const size = result.size === undefined ? '' : `, ${bytes(result.size)} as archive`;
  const { yellow } = errorColors;
  note(
    `${errorColors.green('exported')} ${result.volume}: ${count(result.files, 'file')}, ${bytes(result.bytes)}${size}`,
  );
  for (const { path, why } of result.skipped) note(`${yellow('left out')} ${path}: ${why}`);
  if (verbose) for (const path of result.excluded) note(`excluded ${path}`);
  else if (result.excluded.length > 0)
    note(`${count(result.excluded.length, 'path')} excluded; --verbose names them`);
  for (const path of result.changed)
    note(`${yellow('changed meanwhile')} ${path}; the archive has what stood there before`);
  for (const path of result.torn)
    note(
      `${yellow('unsteady')} ${path}: it was written to all the time; export again when it rests`,
    );
}

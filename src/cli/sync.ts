/** `cai sync`: inside a container, moves local configuration into the data volume and leaves links. */
import type { Command } from 'commander';
import { exitCodes } from '../errors.ts';
import { containerPlaces } from '../home/sync/places.ts';
import { syncHome } from '../home/sync/sync.ts';
import { colors, errorColors, note, print, printJson } from './output.ts';
import { renderSync } from './render-sync.ts';

const examples = `
Runs by itself when a container of \`cai run\` starts. Where the home directory and the volume both have a
file, and they differ, the one that was written in this container wins over the volume's, and the volume's
over one that came with the image; the other is kept beside it as NAME.before-sync.

Examples:
  $ cai sync              in the container
  $ cai sync --dry-run    what it would do
`;

interface Flags {
  readonly dryRun?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .option('--dry-run', 'change nothing, show what would be done')
    .option('--verbose', 'show every link, and what is unchanged')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(sync);
}

function sync({ dryRun = false, verbose = false, json = false }: Flags): void {
  const report = syncHome(containerPlaces(), { dryRun });
  if (report.actions.some(({ outcome }) => outcome === 'refused'))
    process.exitCode = exitCodes.UNSETTLED;
  if (json) {
    printJson(report);
    return;
  }
  for (const warning of report.warnings) note(`${errorColors.yellow('warning')} ${warning}`);
  for (const line of renderSync(report, { colors, verbose })) print(line);
}

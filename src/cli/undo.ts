/** `cai undo`: takes back what sync brought over, as one new change that can be undone itself. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { RewriteResult } from '../control/api.ts';
import { callSession } from '../control/client.ts';
import { findSession } from '../control/find.ts';
import { exitCodes } from '../errors.ts';
import type { Side } from '../tree/path.ts';
import { moment } from './moment-option.ts';
import { colors, print, printJson } from './output.ts';
import { renderRewrite } from './render-rewrite.ts';

const examples = `
Without --since it takes back the last batch: what came over in one go, with less than two seconds
between. Files that were changed or removed come back, files that were made are removed (into the
history), on both sides. A path that somebody edited since is left as it is, and told; then the exit
code is 9. An undo is a change like any other: \`cai undo\` again takes it back.

Examples:
  $ cai undo --dry-run                      what the last batch from the container was
  $ cai undo --since 10m                    everything that the container did in 10 minutes
  $ cai undo --since 14:30 --path 'src/**'  since half past two, in src only
`;

interface Flags {
  readonly name?: string;
  readonly since?: number;
  readonly side?: Side;
  readonly path?: readonly string[];
  readonly by?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Many files take their time. */
export const rewriteTimeoutMs = 10 * 60_000;

export function define(command: Command): void {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  command
    .option('--since <time>', 'everything since then: 10m, 2h, 14:30, 2025-01-31T14:00', moment)
    .addOption(
      new Option(
        '--side <side>',
        'where the changes came from (default: container; with --by either)',
      ).choices(['container', 'local']),
    )
    .option('--path <glob>', 'only what matches, in .gitignore syntax; may be repeated', collect)
    .option('--by <who>', "only what was done by: undo, restore, resolve, an MCP client's name")
    .option('--dry-run', 'only tell what would be done')
    .option('--name <name>', 'session')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(undo);
}

async function undo(flags: Flags): Promise<void> {
  const record = findSession({ name: flags.name });
  const { since, side, path, by, dryRun = false } = flags;
  const params = {
    dryRun,
    ...(side === undefined ? {} : { side }),
    ...(since === undefined ? {} : { since }),
    ...(path === undefined ? {} : { paths: path }),
    ...(by === undefined ? {} : { by }),
  };
  const result = await callSession(record, 'undo', params, { timeoutMs: rewriteTimeoutMs });
  showRewrite(result, flags.json === true);
}

/** Prints it, and sets the exit code when something was left as it is. */
export function showRewrite(result: RewriteResult, json: boolean): void {
  if (result.refused.length > 0) process.exitCode = exitCodes.UNSETTLED;
  if (json) printJson(result);
  else for (const line of renderRewrite(result, colors)) print(line);
}

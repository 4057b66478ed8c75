/** `cai status`: everything about one session, or about all. */
import type { Command } from 'commander';
import type { SessionRecord } from '../control/api.ts';
import { choose } from '../control/find.ts';
import { liveRecords } from '../control/sessions.ts';
import { isSettled, statusOf } from '../control/status.ts';
import { exitCodes } from '../errors.ts';
import { colors, print, printJson } from './output.ts';
import { renderStatus } from './render-status.ts';

const examples = `
Exits with 0 when all is well; with 9 when a session is stopped or disconnected, or has problems,
open conflicts or holds.

Examples:
  $ cai status                 all sessions
  $ cai status web             one session, by name or id
  $ cai status web --json      as an object, see docs/json.md
`;

export function define(command: Command): void {
  command
    .argument('[NAME]', 'session')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(status);
}

async function status(name: string | undefined, flags: { readonly json?: true }): Promise<void> {
  const statuses = await Promise.all(meant(name).map((record) => statusOf(record)));
  if (!statuses.every(isSettled)) process.exitCode = exitCodes.UNSETTLED;
  if (flags.json === true) return printJson(statuses.length === 1 ? statuses[0] : statuses);
  const now = Date.now();
  print(statuses.map((each) => renderStatus(each, { colors, now }).join('\n')).join('\n\n'));
}

function meant(name: string | undefined): readonly SessionRecord[] {
  const records = liveRecords();
  return name === undefined && records.length > 1 ? records : [choose(records, { name })];
}

/** `cai unwatch`: ends sessions; both sides stay as they are, and the history stays readable. */
import type { Command } from 'commander';
import { findSession } from '../control/find.ts';
import { liveRecords } from '../control/sessions.ts';
import { unwatchSession } from '../control/unwatch.ts';
import { CaiError } from '../errors.ts';
import { print, printJson } from './output.ts';

const examples = `
Watching the same pair again goes on from where it was, with the default options.

Examples:
  $ cai unwatch
  $ cai unwatch web
  $ cai unwatch --all
`;

export function define(command: Command): void {
  command
    .argument('[NAME]', 'session')
    .option('--all', 'all sessions')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(unwatch);
}

async function unwatch(
  name: string | undefined,
  flags: { readonly all?: true; readonly json?: true },
): Promise<void> {
  if (name !== undefined && flags.all === true) {
    throw new CaiError('USAGE', 'NAME and --all do not go together.', {
      next: 'Give one of them.',
    });
  }
  const records = flags.all === true ? liveRecords() : [findSession({ name })];
  const ended: { name: string; id: string; wasRunning: boolean }[] = [];
  for (const record of records) {
    const { wasRunning } = await unwatchSession(record);
    ended.push({ name: record.name, id: record.id, wasRunning });
    if (flags.json !== true)
      print(`${record.name}  ended; \`cai history --name ${record.name}\` still has its history`);
  }
  if (flags.json === true) printJson(ended);
}

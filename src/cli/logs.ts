/** `cai logs`: what a session's log holds, and with -f what is added to it. */
import type { Command } from 'commander';
import type { SessionEvent } from '../control/api.ts';
import { findSession } from '../control/find.ts';
import { followLog, readLog } from '../control/log-reader.ts';
import { clock } from './format.ts';
import { colors, print, printJsonLine } from './output.ts';
import { renderEvent } from './render-event.ts';

const examples = `
Examples:
  $ cai logs
  $ cai logs web -f
  $ cai logs --json | grep '"type":"conflict"'     one object a line, see docs/json.md
`;

export function define(command: Command): void {
  command
    .argument('[NAME]', 'session')
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--json', 'print JSON, one object a line')
    .addHelpText('after', examples)
    .action(logs);
}

async function logs(
  name: string | undefined,
  flags: { readonly follow?: true; readonly json?: true },
): Promise<void> {
  const { id } = findSession({ name, ended: true });
  const tell = flags.json === true ? printJsonLine : tellLine;
  if (flags.follow !== true) {
    for await (const event of readLog(id)) tell(event);
    return;
  }
  const done = new AbortController();
  process.once('SIGINT', () => done.abort()).once('SIGTERM', () => done.abort());
  for await (const event of followLog(id, done.signal)) tell(event);
}

function tellLine(event: SessionEvent): void {
  const line = renderEvent(event, colors);
  if (line !== undefined) print(`${colors.dim(clock(event.time))}  ${line}`);
}

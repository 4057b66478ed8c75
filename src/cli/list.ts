/** `cai list`: one line a session. */
import type { Command } from 'commander';
import type { SessionStatus } from '../control/api.ts';
import { readRegistry } from '../control/sessions.ts';
import { statusOf } from '../control/status.ts';
import { table } from './format.ts';
import { colors, note, print, printJson } from './output.ts';
import { renderSides } from './render-status.ts';

const examples = `
Examples:
  $ cai list
  $ cai list --json
`;

export function define(command: Command): void {
  command.option('--json', 'print JSON').addHelpText('after', examples).action(list);
}

async function list(flags: { readonly json?: true }): Promise<void> {
  const { records, damaged } = readRegistry();
  const watched = records.filter((record) => record.ended === undefined);
  const statuses = await Promise.all(watched.map((record) => statusOf(record)));
  for (const { id, message } of damaged) note(`Session ${id} cannot be read: ${message}`);
  if (flags.json === true) return printJson(statuses.map(row));
  if (statuses.length === 0)
    return print(colors.dim('no sessions; start one with `cai watch LOCAL CONTAINER:/PATH`'));
  for (const line of table(
    statuses.map((each) => [each.name, each.state, each.id, renderSides(each)]),
  ))
    print(line);
}

function row({
  id,
  name,
  local,
  container,
  mode,
  state,
  pid,
}: SessionStatus): Record<string, unknown> {
  return { id, name, local, container, mode, state, ...(pid === undefined ? {} : { pid }) };
}

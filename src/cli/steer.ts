/** The commands that give a session an order: pause, resume, approve, reject. */
import type { Command } from 'commander';
import type { HoldInfo, SessionRecord, SessionStatus } from '../control/api.ts';
import { callSession } from '../control/client.ts';
import { findSession } from '../control/find.ts';
import { count } from './format.ts';
import { colors, print, printJson } from './output.ts';
import { renderState } from './render-status.ts';

type Order = 'pause' | 'resume' | 'approve' | 'reject';

/** A session may have much to do before it answers. */
const timeoutMs = 60_000;

/** Adds arguments, options and the action of such a command. */
export function defineSteer(command: Command, order: Order, examples: string): void {
  command
    .argument('[NAME]', 'session')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (name: string | undefined, flags: { readonly json?: true }) => {
      const record = findSession({ name });
      const result = await callSession(record, order, {}, { timeoutMs });
      if (flags.json === true) printJson(result);
      else print(sentence(record, result));
    });
}

function sentence(
  record: SessionRecord,
  result: SessionStatus | { readonly holds: readonly HoldInfo[] },
): string {
  if ('state' in result) return `${record.name}  ${renderState(result.state, colors)}`;
  return result.holds.length === 0
    ? `${record.name}  nothing is held`
    : `${record.name}  ${count(result.holds.length, 'hold')} left`;
}

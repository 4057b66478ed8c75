/** `cai flush`: a barrier. What was written before it, on either side, is on both sides after it. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { FlushResult } from '../control/api.ts';
import { callSession } from '../control/client.ts';
import { findSession } from '../control/find.ts';
import { openConflicts } from '../control/status.ts';
import { exitCodes } from '../errors.ts';
import { duration } from './format.ts';
import { colors, print, printJson } from './output.ts';
import { renderConflict, renderHold, renderProblem } from './render-attention.ts';

const examples = `
Exits with 0 when both sides are the same; with 9 when problems, open conflicts or holds remain;
with 8 when the time is over.

Examples:
  $ cai flush && docker exec web npm test
  $ cai flush web --timeout 120
`;

/** For the answer to come back after the session's own deadline. */
const graceMs = 5000;

export function define(command: Command): void {
  command
    .argument('[NAME]', 'session')
    .option('--timeout <seconds>', 'how long to wait at most', seconds, 60)
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(flush);
}

async function flush(
  name: string | undefined,
  flags: { readonly timeout: number; readonly json?: true },
): Promise<void> {
  const record = findSession({ name });
  const timeoutMs = flags.timeout * 1000;
  const result = await callSession(
    record,
    'flush',
    { timeoutMs },
    { timeoutMs: timeoutMs + graceMs },
  );
  const open = result.problems.length + result.holds.length + openConflicts(result);
  if (open > 0) process.exitCode = exitCodes.UNSETTLED;
  if (flags.json === true) return printJson(result);
  print(
    `${open > 0 ? colors.yellow('unsettled') : colors.green('flushed')}  ${record.name} in ${duration(result.ms)}`,
  );
  for (const line of remaining(result)) print(`  ${line}`);
}

function remaining(result: FlushResult): string[] {
  return [
    ...result.holds.map((hold) => renderHold(hold, colors)),
    ...result.problems.map((problem) => renderProblem(problem, colors)),
    ...result.conflicts.map((conflict) => renderConflict(conflict, colors)),
  ];
}

/** Commander's parser of the option. */
function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError('Give seconds, from above 0 to 86400.');
}

/** `cai doctor`: what this machine has for sync, and how to get what it lacks. */
import type { Command } from 'commander';
import { exitCodes } from '../errors.ts';
import type { Check } from './doctor-checks.ts';
import { runChecks } from './doctor-checks.ts';
import { table } from './format.ts';
import { type Colors, colors, print, printJson } from './output.ts';

const examples = `
Exits with 0 unless a check fails.

Examples:
  $ cai doctor
  $ cai doctor --json
`;

export function define(command: Command): void {
  command.option('--json', 'print JSON').addHelpText('after', examples).action(doctor);
}

async function doctor(flags: { readonly json?: true }): Promise<void> {
  const checks = await runChecks();
  if (checks.some((check) => check.state === 'fail')) process.exitCode = exitCodes.UNSETTLED;
  if (flags.json === true) printJson(checks);
  else for (const line of renderChecks(checks, colors)) print(line);
}

/** One line a check, and its fix below it. */
export function renderChecks(checks: readonly Check[], paint: Colors): string[] {
  const mark = { ok: paint.green('ok  '), warn: paint.yellow('warn'), fail: paint.red('fail') };
  const lines = table(checks.map((check) => [mark[check.state], check.name, check.detail]));
  return checks.flatMap((check, at) => [
    lines[at] as string,
    ...(check.fix === undefined ? [] : [`      ${check.fix}`]),
  ]);
}

/** `cai flush`: a barrier. What was written before it, on either side, is on both sides after it. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { FlushResult, SyncRequest, SyncResult } from '../control/api.ts';
import { callSession } from '../control/client.ts';
import { findSession } from '../control/find.ts';
import { openConflicts } from '../control/status.ts';
import { CaiError, exitCodes } from '../errors.ts';
import { bytes, count, duration } from './format.ts';
import { colors, print, printJson } from './output.ts';
import { renderConflict, renderHold, renderProblem } from './render-attention.ts';

const examples = `
Exits with 0 when both sides are the same; with 9 when problems, open conflicts or holds remain;
with 8 when the time is over.

With --local-changes manual, local changes wait until --to container asks for them.

Examples:
  $ cai flush && docker exec web npm test
  $ cai flush web --timeout 120
  $ cai flush web --to container --path src --exclude '*.log'
`;

/** For the answer to come back after the session's own deadline. */
const graceMs = 5000;

interface Flags {
  readonly timeout: number;
  readonly to?: SyncRequest['to'];
  readonly path?: readonly string[];
  readonly exclude?: readonly string[];
  readonly json?: true;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

export function define(command: Command): void {
  command
    .argument('[NAME]', 'session')
    .option('--timeout <seconds>', 'how long to wait at most', seconds, 60)
    .addOption(
      new Option('--to <side>', 'bring everything to one side and tell how much came').choices([
        'local',
        'container',
      ]),
    )
    .option('--path <path>', 'with --to: only this, and what is below it; may be repeated', collect)
    .option(
      '--exclude <pattern>',
      'with --to: what goes on waiting, in .gitignore syntax; may be repeated',
      collect,
    )
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(flush);
}

async function flush(name: string | undefined, flags: Flags): Promise<void> {
  const record = findSession({ name });
  const timeoutMs = flags.timeout * 1000;
  const limits = { timeoutMs: timeoutMs + graceMs };
  const request = syncRequest(flags, timeoutMs);
  const result =
    request === undefined
      ? await callSession(record, 'flush', { timeoutMs }, limits)
      : await callSession(record, 'sync', request, limits);
  const open = result.problems.length + result.holds.length + openConflicts(result);
  if (open > 0) process.exitCode = exitCodes.UNSETTLED;
  if (flags.json === true) return printJson(result);
  const done = isSync(result) ? brought(result) : `in ${duration(result.ms)}`;
  print(
    `${open > 0 ? colors.yellow('unsettled') : colors.green('flushed')}  ${record.name} ${done}`,
  );
  for (const line of remaining(result)) print(`  ${line}`);
}

function syncRequest(flags: Flags, timeoutMs: number): SyncRequest | undefined {
  const { to, path: paths, exclude } = flags;
  if (to !== undefined) {
    return {
      to,
      timeoutMs,
      ...(paths === undefined ? {} : { paths: paths.map((path) => path.replace(/\/+$/, '')) }),
      ...(exclude === undefined ? {} : { exclude }),
    };
  }
  if (paths === undefined && exclude === undefined) return undefined;
  throw new CaiError('USAGE', '--path and --exclude belong to --to.', {
    next: 'Write for instance `cai flush --to container --path src`.',
  });
}

function isSync(result: FlushResult | SyncResult): result is SyncResult {
  return 'to' in result;
}

function brought(result: SyncResult): string {
  const waiting = result.waiting === 0 ? '' : `, ${count(result.waiting, 'change')} waiting`;
  return `to ${result.to}: ${count(result.files, 'file')}, ${bytes(result.bytes)} in ${duration(result.ms)}${waiting}`;
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

/** `cai history`: the versions that sync replaced or removed, newest first. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { findSession } from '../control/find.ts';
import { openSessionStore } from '../control/session-store.ts';
import { pathInRoot } from './local-path.ts';
import { colors, print, printJson } from './output.ts';
import { historyRow, renderHistory } from './render-history.ts';

const examples = `
PATH is a file or directory, and means all below it. It is relative to the current directory, or to
the session's root where the current directory is not in it. Sessions that have ended keep their
history: name them with --name.

Examples:
  $ cai history                    all versions, newest first
  $ cai history src/app.ts         those of one file
  $ cai history --json --limit 1   see docs/json.md
  $ cai show 42 > before.ts        look at one
  $ cai restore 42                 put it back
`;

export function define(command: Command): void {
  command
    .argument('[PATH]', 'file or directory')
    .option('--name <name>', 'session')
    .option('--limit <number>', 'at most so many', atLeastOne)
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(history);
}

interface Flags {
  readonly name?: string;
  readonly limit?: number;
  readonly json?: true;
}

async function history(path: string | undefined, { name, limit, json }: Flags): Promise<void> {
  const record = findSession({ name, ended: true });
  const inRoot = path === undefined ? '' : pathInRoot(record.local, path, process.cwd());
  const store = openSessionStore(record, true);
  try {
    const filter = {
      ...(inRoot === '' ? {} : { path: inRoot }),
      ...(limit === undefined ? {} : { limit }),
    };
    const versions = store.history(filter);
    if (json === true)
      return printJson(versions.map((version) => historyRow(version, record.name)));
    for (const line of renderHistory(versions, colors, inRoot)) print(line);
  } finally {
    store.close();
  }
}

/** Commander's parser of the option. */
function atLeastOne(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a whole number above 0.');
}

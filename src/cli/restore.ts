/** `cai restore`: puts a version back, through the session's process where there is one. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoreResult, SessionRecord } from '../control/api.ts';
import { callSession } from '../control/client.ts';
import { findSession } from '../control/find.ts';
import { restoreVersion } from '../control/restore.ts';
import { restoreOutside } from '../control/restore-outside.ts';
import { openSessionStore } from '../control/session-store.ts';
import { CaiError, toCaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import { insideRoot, pathInRoot } from './local-path.ts';
import { moment } from './moment-option.ts';
import { print, printJson } from './output.ts';
import { showRewrite } from './undo.ts';
import { findVersion } from './version-id.ts';

const examples = `
The version is written into the local directory as an ordinary edit; a running session carries it
on. What stood there goes into the history first. --to may name a place outside the session's
directory; there nothing is overwritten without --force.

With --at or --before it takes a path instead of an ID: that path, and all below it, become what they
were at that time, also what was removed since (directories with their modes); what was made since is
removed into the history. That needs the session to run, and \`cai undo\` takes it back.

Examples:
  $ cai restore 42                        where it was
  $ cai restore 42 --to src/old-app.ts    beside it
  $ cai restore web#42 --to /tmp/app.ts   somewhere else
  $ cai restore src --before 10m          a directory as it was ten minutes ago
  $ cai restore . --at 14:30 --dry-run    what a restore of everything would do
`;

interface Flags {
  readonly to?: string;
  readonly at?: number;
  readonly before?: number;
  readonly dryRun?: true;
  readonly name?: string;
  readonly force?: true;
  readonly json?: true;
}

/** A large file takes its time. */
const timeoutMs = 10 * 60_000;

export function define(command: Command): void {
  command
    .argument('<ID|PATH>', 'version; with --at or --before a file or directory')
    .option('--to <path>', 'write it there instead')
    .option('--at <time>', 'the path as it was then: 14:30, 2025-01-31T14:00', moment)
    .option('--before <duration>', 'the path as it was so long ago: 10m, 2h', moment)
    .option('--dry-run', 'with a time: only tell what would be done')
    .option('--name <name>', 'session')
    .option('--force', 'overwrite a file outside of the session')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(restore);
}

async function restore(text: string, flags: Flags): Promise<void> {
  const time = flags.at ?? flags.before;
  if (time !== undefined) return restoreAt(text, time, flags);
  if (flags.dryRun === true) throw new CaiError('USAGE', '--dry-run goes with --at or --before.');
  const { record, id } = findVersion(text, flags.name);
  const cwd = process.cwd();
  const to = flags.to === undefined ? undefined : insideRoot(record.local, flags.to, cwd);
  if (flags.to !== undefined && (to === undefined || to === ''))
    return outside(record, id, { ...flags, to: resolve(cwd, flags.to) });
  const result = await inside(record, id, to);
  if (flags.json === true) return printJson(result);
  const before =
    result.displaced === undefined ? '' : `; what was there is version ${result.displaced}`;
  print(`restored ${displayPath(result.path)}${before}`);
}

/** A path as it was at a time: that is for the session's process, which knows both sides. */
async function restoreAt(text: string, time: number, flags: Flags): Promise<void> {
  if (flags.to !== undefined || (flags.at !== undefined && flags.before !== undefined)) {
    throw new CaiError('USAGE', 'Give one of --at, --before and --to.');
  }
  const record = findSession({ name: flags.name });
  const path = pathInRoot(record.local, text, process.cwd());
  const params = { time, dryRun: flags.dryRun === true, ...(path === '' ? {} : { path }) };
  showRewrite(await callSession(record, 'rewind', params, { timeoutMs }), flags.json === true);
}

/** In the session's process where it runs, because only that writes the history. */
async function inside(
  record: SessionRecord,
  version: string,
  to: Path | undefined,
): Promise<RestoreResult> {
  const target = to === undefined ? {} : { to };
  try {
    return await callSession(record, 'restore', { version, ...target }, { timeoutMs });
  } catch (error) {
    if (toCaiError(error).code !== 'NO_SESSION') throw error;
  }
  const store = openSessionStore(record);
  try {
    return await restoreVersion({ store, root: record.local, version, ...target });
  } finally {
    store.close();
  }
}

async function outside(
  record: SessionRecord,
  version: string,
  flags: Flags & { readonly to: string },
): Promise<void> {
  const store = openSessionStore(record, true);
  try {
    const result = await restoreOutside({
      store,
      version,
      to: flags.to,
      force: flags.force === true,
    });
    if (flags.json === true) printJson(result);
    else print(`restored ${displayPath(result.path)}`);
  } finally {
    store.close();
  }
}

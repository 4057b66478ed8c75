/** `cai restore`: puts a version back, through the session's process where there is one. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoreResult, SessionRecord } from '../control/api.ts';
import { callSession } from '../control/client.ts';
import { restoreVersion } from '../control/restore.ts';
import { restoreOutside } from '../control/restore-outside.ts';
import { openSessionStore } from '../control/session-store.ts';
import { toCaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import { insideRoot } from './local-path.ts';
import { print, printJson } from './output.ts';
import { findVersion } from './version-id.ts';

const examples = `
The version is written into the local directory as an ordinary edit; a running session carries it
on. What stood there goes into the history first. --to may name a place outside the session's
directory; there nothing is overwritten without --force.

Examples:
  $ cai restore 42                        where it was
  $ cai restore 42 --to src/old-app.ts    beside it
  $ cai restore web#42 --to /tmp/app.ts   somewhere else
`;

interface Flags {
  readonly to?: string;
  readonly name?: string;
  readonly force?: true;
  readonly json?: true;
}

/** A large file takes its time. */
const timeoutMs = 10 * 60_000;

export function define(command: Command): void {
  command
    .argument('<ID>', 'version')
    .option('--to <path>', 'write it there instead')
    .option('--name <name>', 'session')
    .option('--force', 'overwrite a file outside of the session')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(restore);
}

async function restore(text: string, flags: Flags): Promise<void> {
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

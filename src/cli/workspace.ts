/** `cai workspace`: the local side of the workspace container as a service; `npm run rsync:local` runs it. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { SessionOptions } from '../control/api.ts';
import { localChanges } from '../control/config-schema.ts';
import { prepareSession } from '../control/prepare.ts';
import { loadSyncSettings, realOr } from '../control/sync-settings.ts';
import { CaiError, exitCodes } from '../errors.ts';
import { keepLocalSide } from '../workspace/local.ts';
import { startLocalDaemon } from '../workspace/local-daemon.ts';
import { chooseDisplay } from './displays.ts';
import { hostedFeed } from './feed.ts';
import { note, warn } from './output.ts';

const examples = `
Runs an rsync daemon (module [local]) on loopback and on Docker's bridge, waits for the workspace
container, and keeps a live session with it until Ctrl-C. See docs/workspace.md.

Examples:
  $ npm run rsync:local -- --path ~/src/web
  $ docker-compose -f docker-compose.workspace.yml up
  $ docker exec mcp-workspace mcp sync_from_local
`;

interface Flags {
  readonly path: string;
  readonly container: string;
  readonly root: string;
  readonly port: number;
  readonly readOnly?: true;
  readonly daemon: boolean;
  readonly localChanges?: SessionOptions['localChanges'];
  readonly json?: true;
}

export function define(command: Command): void {
  command
    .option('--path <dir>', 'local directory', process.env.LOCAL_SYNC_PATH || '.')
    .option('--container <name>', 'the container', 'mcp-workspace')
    .option('--root <path>', 'its directory', '/app/workspace')
    .option('--port <port>', "the rsync daemon's port", port, 8873)
    .option('--read-only', 'rsync clients may only read')
    .option('--no-daemon', 'no rsync daemon, only the live session')
    .addOption(
      new Option(
        '--local-changes <when>',
        'manual: local changes go to the container only on sync_from_local (default: live)',
      ).choices([...localChanges]),
    )
    .option('--json', 'print events as JSON lines')
    .addHelpText('after', examples)
    .action(workspace);
}

async function workspace(flags: Flags): Promise<void> {
  const remote = `${flags.container}:${flags.root}`;
  const options = flags.localChanges === undefined ? {} : { localChanges: flags.localChanges };
  const cwd = process.cwd();
  const { options: defaults, warnings } = loadSyncSettings({
    workspace: realOr(resolve(cwd, flags.path)),
  });
  for (const warning of warnings) warn(warning);
  const request = { local: flags.path, remote, options, defaults, cwd };
  const { record, running } = await prepareSession(request);
  if (running) {
    throw new CaiError('BUSY', `Session ${record.name} runs already.`, {
      next: `It goes on by itself; end it with \`cai unwatch ${record.name}\` to run it here.`,
    });
  }
  const stop = new AbortController();
  onSignals(stop);
  const daemon = flags.daemon ? await daemonFor(record.local, flags, stop.signal) : undefined;
  const display = chooseDisplay(flags.json === true);
  const kept = keepLocalSide({
    record,
    signal: stop.signal,
    onWaiting: ({ message }) => note(`waiting for ${remote}: ${message}`),
    onHosted: (hosted) => display(hostedFeed(hosted)),
  });
  try {
    await Promise.race([kept, ...(daemon === undefined ? [] : [daemon.failed])]);
  } finally {
    stop.abort();
    await Promise.all([kept.catch(() => undefined), daemon?.stop()]);
    // What a library left open must not keep the process.
    setTimeout(() => process.exit(), 2000).unref();
  }
}

async function daemonFor(root: string, flags: Flags, signal: AbortSignal) {
  const readOnly = flags.readOnly === true;
  const daemon = await startLocalDaemon({
    root,
    port: flags.port,
    readOnly,
    docker: ['docker'],
    signal,
  });
  note(`rsync daemon: module [local] on ${daemon.addresses.join(' and ')}, user mcp`);
  note(`its secret: ${daemon.secrets}`);
  const failed = daemon.ended.then((why) => {
    if (!signal.aborted)
      throw new CaiError('IO', `The rsync daemon ended by itself: ${why}`, {
        path: daemon.log,
        next: `See ${daemon.log}.`,
      });
  });
  failed.catch(() => {});
  return { failed, stop: daemon.stop };
}

function onSignals(stop: AbortController): void {
  const onSignal = (): void => {
    // Asked twice: whoever waits does not want to wait any longer. A crash at any point is safe.
    if (stop.signal.aborted) process.exit(exitCodes.CANCELLED);
    stop.abort();
    process.exitCode = exitCodes.CANCELLED;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/** Commander's parser of the option. */
function port(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && value < 65_536) return value;
  throw new InvalidArgumentError('Give a port, from 1 to 65535.');
}

/** `cai watch`: runs a session here, looks at one that runs already, or starts it in the background. */
import type { Command } from 'commander';
import type { SessionEvent, SessionRecord, SessionStatus } from '../control/api.ts';
import { startInBackground } from '../control/background.ts';
import { type Prepared, prepareSession, type WatchRequest } from '../control/prepare.ts';
import { runSession } from '../control/run.ts';
import { stoppedStatus } from '../control/status.ts';
import { dropFailedStart } from '../control/unwatch.ts';
import { CaiError, exitCodes } from '../errors.ts';
import type { Display } from './displays.ts';
import { chooseDisplay } from './displays.ts';
import { attachedFeed, hostedFeed } from './feed.ts';
import { colors, errorColors, note, print, printJson } from './output.ts';
import { renderEvent } from './render-event.ts';
import { renderStatus } from './render-status.ts';
import { addWatchOptions, type WatchFlags, watchRequests } from './watch-options.ts';

const examples = `
REMOTE is CONTAINER:/PATH, docker://CONTAINER/PATH, podman://CONTAINER/PATH, ssh://[USER@]HOST[:PORT]/PATH,
kube://NAMESPACE/POD:/PATH or a second local directory.
Without LOCAL and REMOTE the nearest containai.toml says what to watch.

Examples:
  $ cai watch . web:/app                     in the foreground; Ctrl-C ends the session
  $ cai watch -d . web:/app                  in the background, once both sides are the same
  $ cai watch . ssh://me@build/srv/app       a directory of another machine
  $ cai watch . web:/app --ignore 'dist/'    leave something out
  $ cai watch . web:/app --mode to-container carry changes one way only
  $ cai watch                                what containai.toml says
`;

export function define(command: Command): void {
  addWatchOptions(
    command.argument('[LOCAL]', 'local directory').argument('[REMOTE]', 'the other side'),
  )
    .addHelpText('after', examples)
    .action(watch);
}

async function watch(
  local: string | undefined,
  remote: string | undefined,
  flags: WatchFlags,
): Promise<void> {
  const requests = watchRequests(local, remote, flags);
  if (flags.detach === true) return watchInBackground(requests, flags.json === true);
  const [request, ...others] = requests;
  if (request === undefined || others.length > 0) {
    const names = requests.map((each) => each.name).join(', ');
    throw new CaiError('USAGE', `containai.toml has several sessions: ${names}.`, {
      next: 'Start them all with -d, or one with --name NAME.',
    });
  }
  const display = chooseDisplay(flags.json === true);
  const prepared = await prepareSession(request);
  await (prepared.running ? look(prepared.record, display) : own(prepared, display));
}

async function own({ record, fresh }: Prepared, display: Display): Promise<void> {
  const end = await runSession(record, { onHosted: (hosted) => display(hostedFeed(hosted)) });
  // What a library left open must not keep the process.
  setTimeout(() => process.exit(), 2000).unref();
  if (end.how === 'failed') {
    if (fresh) await dropFailedStart(record);
    throw end.error;
  }
  if (end.how === 'signal') process.exitCode = end.exitCode;
}

/** Ctrl-C only stops looking. */
async function look(record: SessionRecord, display: Display): Promise<void> {
  const feed = await attachedFeed(record);
  const hide = display(feed);
  let detached = false;
  const onSignal = (): void => {
    detached = true;
    feed.close();
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  await feed.closed;
  hide();
  if (detached) {
    note(
      `Session ${record.name} goes on. See \`cai status\`; end it with \`cai unwatch ${record.name}\`.`,
    );
    return;
  }
  const [problem] = stoppedStatus(record).problems;
  note(
    problem === undefined
      ? `Session ${record.name} has ended.`
      : `Session ${record.name} has ended: ${problem.message}`,
  );
  if (problem?.side === 'session') process.exitCode = exitCodes.UNSETTLED;
}

async function watchInBackground(requests: readonly WatchRequest[], json: boolean): Promise<void> {
  const started: SessionStatus[] = [];
  for (const request of requests) {
    const prepared = await prepareSession(request);
    const options = json || !process.stderr.isTTY ? {} : { onEvent: tellProgress };
    const status = await startInBackground(prepared, options);
    started.push(status);
    if (json) continue;
    for (const line of renderStatus(status, { colors, now: Date.now() })) print(line);
  }
  if (json) printJson(started.length === 1 ? started[0] : started);
  else note(`See \`cai status\` and \`cai logs -f\`; end with \`cai unwatch\`.`);
}

function tellProgress(event: SessionEvent): void {
  if (event.type === 'transfer' || event.type === 'batch') return;
  const line = renderEvent(event, errorColors);
  if (line !== undefined) note(line);
}

/** Starts a session's process in the background, and tells what became of the start. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorJson } from '../errors.ts';
import { CaiError, toCaiError } from '../errors.ts';
import type { SessionEvent, SessionRecord, SessionStatus } from './api.ts';
import type { Subscription } from './client.ts';
import { subscribe } from './client.ts';
import { readOutcome } from './process-file.ts';
import { makeSessionDirectory, stateDirectory } from './state-dir.ts';
import { statusOf } from './status.ts';
import { frugalEnvironment, frugalFlags } from './tidy-memory.ts';

const pollMs = 20;
const startDeadlineMs = 30_000;
const endDeadlineMs = 5000;

export interface DetachOptions {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SessionEvent) => void;
}

/**
 * Starts `cai __run ID` and returns once the first sync is complete; the process goes on. Throws
 * what ended it when it ends before that. Cancelling ends the waiting only.
 */
export async function detachSession(
  record: SessionRecord,
  options: DetachOptions = {},
): Promise<SessionStatus> {
  const directory = makeSessionDirectory(record.id);
  const messages = join(directory, 'stderr.log');
  const output = openSync(messages, 'w', 0o600);
  const flags = [...frugalFlags, ...process.execArgv];
  const child = spawn(process.execPath, [...flags, entryFile(), '__run', record.id], {
    detached: true,
    cwd: directory,
    stdio: ['ignore', output, output],
    env: { ...frugalEnvironment, ...process.env, CAI_STATE_DIR: stateDirectory() },
  });
  closeSync(output);
  const exit = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const failure = exit.then(() => {
    throw startFailure(messages);
  });
  failure.catch(() => {});
  try {
    await Promise.race([reachable(record, child), failure]);
    return await Promise.race([untilReady(record, options), failure]);
  } catch (error) {
    // Its socket closes a moment before the process has ended and said why.
    if (toCaiError(error).code === 'NO_SESSION') {
      await Promise.race([
        exit,
        new Promise((resolve) => setTimeout(resolve, endDeadlineMs).unref()),
      ]);
      if (child.exitCode !== null && child.exitCode > 0) return await failure;
    }
    throw error;
  } finally {
    // Not before: with nothing else to wait for, this process would end while it still waits for the child's end.
    child.unref();
  }
}

/** Waits until a running session has both sides the same for the first time. */
export async function untilReady(
  record: SessionRecord,
  options: DetachOptions = {},
): Promise<SessionStatus> {
  let ready: () => void = () => {};
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const onEvent = (event: SessionEvent): void => {
    options.onEvent?.(event);
    if (event.type === 'ready') ready();
  };
  const { signal } = options;
  const feed = await subscribe(record, onEvent, signal === undefined ? {} : { signal });
  if (feed.status.ready) ready();
  try {
    await Promise.race([isReady, lost(feed, record)]);
    return await statusOf(record, signal);
  } finally {
    feed.close();
  }
}

async function lost(feed: Subscription, record: SessionRecord): Promise<never> {
  await feed.closed;
  // The session's process writes why it ends before it closes its connections.
  throw (
    endOf(record) ??
    new CaiError('NO_SESSION', `Session ${record.name} was stopped.`, { next: 'See `cai logs`.' })
  );
}

async function reachable(record: SessionRecord, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  while (child.exitCode === null && child.signalCode === null) {
    const state = (await statusOf(record)).state;
    if (state !== 'stopped') return;
    if (Date.now() > deadline)
      throw new CaiError('TIMEOUT', `Session ${record.name} does not start.`, {
        next: 'See `cai logs`.',
      });
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  // The exit itself is told by the caller's other promise.
  await new Promise(() => {});
}

/** What `cai __run` says last when it fails is its error as JSON; a crash says something else. */
function startFailure(messages: string): CaiError {
  const lines = readFileSync(messages, 'utf8').trim().split('\n').slice(-5);
  try {
    const { error } = JSON.parse(lines.at(-1) ?? '') as { error: ErrorJson };
    return new CaiError(error.code, error.message, error);
  } catch {
    return new CaiError(
      'INTERNAL',
      `The session's process ended at once. ${lines.join('\n')}`.trim(),
      {
        path: messages,
        next: 'Try `cai watch` without -d, which shows more.',
      },
    );
  }
}

function endOf(record: SessionRecord): CaiError | undefined {
  const error = readOutcome(record)?.error;
  return error && new CaiError(error.code, error.message, error);
}

function entryFile(): string {
  const entry = process.argv[1];
  if (entry === undefined)
    throw new CaiError('INTERNAL', 'It is not known how this program was started.');
  return entry;
}

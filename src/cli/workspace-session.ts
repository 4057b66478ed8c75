/** The live session between a workspace and its container, as run, shell and stop need it. */
import { basename } from 'node:path';
import type { SessionOptions, SessionRecord, SessionStatus } from '../control/api.ts';
import { startInBackground } from '../control/background.ts';
import { callSession, isRunning } from '../control/client.ts';
import { changedOptions, prepareSession, type WatchRequest } from '../control/prepare.ts';
import { liveRecords } from '../control/sessions.ts';
import { openConflicts } from '../control/status.ts';
import { loadSyncSettings } from '../control/sync-settings.ts';
import { stopSession } from '../control/unwatch.ts';
import { agentWorkspace } from '../docker/agent-places.ts';
import type { EngineCommand } from '../docker/engine.ts';
import { CaiError } from '../errors.ts';
import { note, warn } from './output.ts';

export interface WorkspacePair {
  readonly command: EngineCommand;
  readonly workspace: string;
  readonly container: string;
}

const flushMs = 120_000;

/**
 * Starts it with what files say of live sync, or waits for the one that runs; returns once both sides are the same.
 * One that runs with what files said before starts anew: it loses nothing.
 */
export async function startWorkspaceSession(
  pair: WorkspacePair,
  { signal, config }: StartOptions,
): Promise<SessionStatus> {
  const settings = loadSyncSettings({ workspace: pair.workspace, config });
  for (const warning of settings.warnings) warn(warning);
  const known = workspaceSession(pair);
  // A file that cannot be understood, half saved perhaps, must not let through what it leaves out when it can be.
  if (known !== undefined && settings.doubtful) return resumeWorkspaceSession(known, signal);
  const request = requestFor(pair, settings.options);
  const differing = await changedOptions(request);
  if (known !== undefined && differing.length > 0) {
    note(`synchronising with another ${differing.join(', ')} from now on`);
    await stopSession(known);
  }
  return startInBackground(await prepareSession(request), { signal });
}

export interface StartOptions {
  readonly signal: AbortSignal;
  /** A file in place of the workspace's. */
  readonly config?: string | undefined;
}

/** Starts it as it was, whatever files say now. */
export async function resumeWorkspaceSession(
  record: SessionRecord,
  signal: AbortSignal,
): Promise<SessionStatus> {
  const running = await isRunning(record);
  return startInBackground({ record, running, fresh: false }, { signal });
}

function requestFor(pair: WorkspacePair, found: SessionOptions): WatchRequest {
  const { command, workspace } = pair;
  // The engine is the one that the container was found with, and needs no other machine's command.
  const { docker: _docker, ...defaults } = found;
  const usual = command.length === 1 && command[0] === engineOf(command);
  const options = usual ? {} : { docker: command };
  return { local: workspace, remote: address(pair), options, defaults, cwd: workspace };
}

/** The record of the session, where there is one. */
export function workspaceSession(pair: WorkspacePair): SessionRecord | undefined {
  const remote = address(pair);
  return liveRecords().find(
    ({ local, container }) => local === pair.workspace && container === remote,
  );
}

/** A process has the session already. */
export async function isSynchronised(pair: WorkspacePair): Promise<boolean> {
  const record = workspaceSession(pair);
  return record !== undefined && isRunning(record);
}

export interface SettleOptions {
  /** The container goes away: what only it has must be on the host first. */
  readonly removal: boolean;
  readonly say: (line: string) => void;
}

/** Brings what only one side has to the other, then ends the session's process; the session is remembered. Throws UNSETTLED. */
export async function settleWorkspaceSession(
  pair: WorkspacePair,
  { removal, say }: SettleOptions,
): Promise<void> {
  const record = workspaceSession(pair);
  if (record === undefined || !(await isRunning(record))) return;
  const limits = { timeoutMs: flushMs + 5000 };
  const result = await callSession(record, 'flush', { timeoutMs: flushMs }, limits);
  const problems = result.problems.filter(({ side }) => side !== 'local');
  const open = problems.length + result.holds.length + openConflicts(result);
  if (open > 0 && removal) throw unsettled(record, pair, open);
  if (open > 0) say(`the workspace is not the same on both sides (${open} open); nothing is lost`);
  await stopSession(record);
}

function unsettled(
  record: SessionRecord,
  { command, container }: WorkspacePair,
  open: number,
): CaiError {
  const remove = `${command.join(' ')} rm -f ${container}`;
  return new CaiError('UNSETTLED', `The container has what the host has not (${open} open).`, {
    next: `See \`cai status ${record.name}\`; to give up what only the container has: "${remove}".`,
  });
}

function address({ command, container }: WorkspacePair): string {
  return `${engineOf(command)}://${container}${agentWorkspace}`;
}

function engineOf(command: EngineCommand): 'docker' | 'podman' {
  return basename(command[0] ?? '').includes('podman') ? 'podman' : 'docker';
}

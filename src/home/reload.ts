/**
 * Brings a running container up to date after its volume was written to. What is new in the volume is there
 * at once; what may be missing are links to it, and those its own `cai sync` makes. Nothing is restarted.
 */
import { isTable } from '../config/values.ts';
import { agentPrograms, agentUser } from '../docker/agent-places.ts';
import type { ContainerInfo } from '../docker/container.ts';
import { type EngineCommand, firstLine, runEngine } from '../docker/engine.ts';
import { CaiError } from '../errors.ts';
import { outcomes, type SyncAction, type SyncReport } from './sync/sync.ts';

export interface ReloadOptions {
  readonly command: EngineCommand;
  readonly container: ContainerInfo;
  readonly signal?: AbortSignal | undefined;
}

export interface Reloaded {
  readonly name: string;
  /** What `cai sync` did in it; absent where it could not be run. */
  readonly sync?: SyncReport;
  /** Why the links in it could not be seen to. */
  readonly reason?: string;
}

const deadlineMs = 120_000;

export async function reloadContainer({
  command,
  container,
  signal,
}: ReloadOptions): Promise<Reloaded> {
  const { name, id } = container;
  const user = `${agentUser.uid}:${agentUser.gid}`;
  const program = [`${agentPrograms}/cai.js`, 'sync', '--json'];
  const args = ['exec', '--user', user, id, 'node', ...program];
  const { code, stdout, stderr } = await runEngine(command, args, {
    signal,
    timeoutMs: deadlineMs,
  });
  const sync = readReport(stdout);
  if (sync !== undefined) return { name, sync };
  if (/is not running|no such container/i.test(stderr))
    throw new CaiError('NO_CONTAINER', `Container ${name} stopped before it was up to date.`, {
      next: 'Its volume is; start it again.',
    });
  const without = code === 127 || /cannot find module|executable file not found/i.test(stderr);
  return {
    name,
    reason: without ? 'it is not of the agent image' : firstLine(stderr || `it ended with ${code}`),
  };
}

/** What was done before an import and after it, as one. */
export function reloadedTwice(before: Reloaded | undefined, after: Reloaded): Reloaded {
  if (before?.sync === undefined || after.sync === undefined) return after;
  const done = new Map(
    before.sync.actions
      .filter(({ outcome }) => outcome === 'moved' || outcome === 'linked')
      .map((action) => [action.path, action]),
  );
  const actions = after.sync.actions.map((action) =>
    action.outcome === 'unchanged' ? (done.get(action.path) ?? action) : action,
  );
  return { ...after, sync: { ...after.sync, actions } };
}

/** The container is not trusted: anything else than a report, in all its parts, is none. */
function readReport(stdout: string): SyncReport | undefined {
  try {
    const report: unknown = JSON.parse(stdout);
    return isReport(report) ? report : undefined;
  } catch {
    return undefined;
  }
}

function isReport(value: unknown): value is SyncReport {
  if (!isTable(value)) return false;
  const { home, data, dryRun, actions, warnings } = value;
  return (
    isText(home) &&
    isText(data) &&
    typeof dryRun === 'boolean' &&
    Array.isArray(warnings) &&
    warnings.every(isText) &&
    Array.isArray(actions) &&
    actions.every(isAction)
  );
}

function isAction(value: unknown): value is SyncAction {
  if (!isTable(value)) return false;
  const { path, target, outcome, files = 0, reason = '', kept = [] } = value;
  const known = outcomes.some((each) => each === outcome);
  const texts = [path, target, reason].every(isText);
  return known && texts && typeof files === 'number' && Array.isArray(kept) && kept.every(isKept);
}

function isKept(value: unknown): boolean {
  return isTable(value) && [value.path, value.as, value.whose].every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * The container of a workspace: made from the agent image, with the data volume and either an own directory
 * for the workspace, which live sync fills, or the workspace itself. Nothing of a session is known here.
 */
import { agentImageLabel, ensureAgentImage } from '../../docker/agent-image.ts';
import { agentData, agentWorkspace } from '../../docker/agent-places.ts';
import { type ContainerInfo, inspectContainer } from '../../docker/container.ts';
import { daemonFault, type EngineCommand, firstLine, runEngine } from '../../docker/engine.ts';
import { CaiError, toCaiError } from '../../errors.ts';
import { labels } from '../names.ts';
import { waitReady } from './ready.ts';

export interface ContainerWish {
  readonly command: EngineCommand;
  readonly name: string;
  /** The workspace's real path. */
  readonly workspace: string;
  readonly volume: string;
  /** Mount the workspace instead of leaving it to live sync. */
  readonly bind: boolean;
  /** What the agent image is built on, or an agent image; undefined for the usual one. */
  readonly image: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** How the workspace gets into a container; the label of that name says it. */
export const workspaceLabel = 'containai.workspace-mode';

/** The image that was asked for; the container's own is built on it. */
export const askedImageLabel = 'containai.asked-image';

/** The container, or undefined. Throws NO_ENGINE. */
export async function findContainer(
  query: Pick<ContainerWish, 'command' | 'name' | 'signal'>,
): Promise<ContainerInfo | undefined> {
  const { command, name: container, signal } = query;
  try {
    return await inspectContainer({ command, container, signal });
  } catch (error) {
    if (toCaiError(error).code === 'NO_CONTAINER') return undefined;
    throw error;
  }
}

/** Makes and starts it from an image of `imageFor`. Throws NO_CONTAINER … and leaves no container then. */
export async function makeContainer(wish: ContainerWish, image: string): Promise<ContainerInfo> {
  const { command, name, signal } = wish;
  const { code, stderr } = await runEngine(command, ['run', '-d', ...runArguments(wish), image], {
    signal,
    timeoutMs: 60_000,
  });
  try {
    if (code !== 0) throw notStarted(command, name, stderr);
    await waitReady({ command, container: name, signal });
    return await inspectContainer({ command, container: name, signal });
  } catch (error) {
    await runEngine(command, ['rm', '-f', name]).catch(() => {});
    throw error;
  }
}

function runArguments({ name, workspace, volume, bind, image }: ContainerWish): string[] {
  const own = {
    [labels.managed]: 'true',
    [labels.workspace]: workspace,
    [labels.volume]: volume,
    [workspaceLabel]: bind ? 'bind' : 'sync',
    ...(image === undefined ? {} : { [askedImageLabel]: image }),
  };
  return [
    ...['--init', '--name', name, '--hostname', name.slice(0, 63)],
    ...Object.entries(own).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...['--mount', `type=volume,src=${volume},dst=${agentData}`],
    ...(bind ? ['--mount', bindMount(workspace)] : []),
  ];
}

/** The engine reads this as comma-separated values, where a quoted one may hold commas. */
function bindMount(workspace: string): string {
  const source = `src=${workspace}`;
  const field = /[",]/.test(source) ? `"${source.replaceAll('"', '""')}"` : source;
  return `type=bind,${field},dst=${agentWorkspace}`;
}

/** The agent image of a wish: what was asked for, if it is one, else one built on that. Throws IMAGE. */
export async function imageFor(wish: ContainerWish): Promise<string> {
  const { command, image, signal, onProgress } = wish;
  if (image === undefined) return ensureAgentImage({ command, signal, onProgress });
  const format = `{{index .Config.Labels "${agentImageLabel}"}}`;
  const args = ['image', 'inspect', '--format', format, image];
  const { code, stdout } = await runEngine(command, args, { signal });
  const isAgent = code === 0 && /^[0-9a-f]{16,}$/.test(stdout.trim());
  return isAgent ? image : ensureAgentImage({ command, base: image, signal, onProgress });
}

/** Starts one that is there; true when it did not run. */
export async function startContainer(
  info: ContainerInfo,
  { command, signal }: Pick<ContainerWish, 'command' | 'signal'>,
): Promise<boolean> {
  if (info.running && info.state !== 'paused') return false;
  const verb = info.state === 'paused' ? 'unpause' : 'start';
  const { code, stderr } = await runEngine(command, [verb, info.name], {
    signal,
    timeoutMs: 60_000,
  });
  if (code !== 0) throw notStarted(command, info.name, stderr);
  if (verb === 'start') await waitReady({ command, container: info.name, signal });
  return true;
}

/** True when it ran. */
export async function stopContainer(
  info: ContainerInfo,
  { command, signal }: Pick<ContainerWish, 'command' | 'signal'>,
): Promise<boolean> {
  if (!info.running) return false;
  const { code, stderr } = await runEngine(command, ['stop', info.name], {
    signal,
    timeoutMs: 60_000,
  });
  if (code === 0) return true;
  throw failed(command, `Container ${info.name} cannot be stopped: ${firstLine(stderr)}`, stderr);
}

export async function removeContainer(
  info: ContainerInfo,
  { command, signal }: Pick<ContainerWish, 'command' | 'signal'>,
): Promise<void> {
  const { code, stderr } = await runEngine(command, ['rm', '-f', info.name], {
    signal,
    timeoutMs: 60_000,
  });
  if (code !== 0)
    throw failed(command, `Container ${info.name} cannot be removed: ${firstLine(stderr)}`, stderr);
}

function notStarted(command: EngineCommand, name: string, stderr: string): CaiError {
  return failed(command, `Container ${name} does not start: ${firstLine(stderr)}`, stderr);
}

function failed(command: EngineCommand, message: string, stderr: string): CaiError {
  return (
    daemonFault(command, stderr) ??
    new CaiError('NO_CONTAINER', message, {
      next: 'Correct what the engine says, then try again.',
    })
  );
}

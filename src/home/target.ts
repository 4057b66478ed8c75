/**
 * Which workspace, which volume and which container a command speaks of. A container that is named, or that
 * belongs to a workspace that is named, must be there; its volume is the one it has mounted.
 */
import { loadSettings, type ResolvedSettings } from '../config/settings.ts';
import type { Settings } from '../config/settings-schema.ts';
import { commandOf } from '../config/values.ts';
import { agentData } from '../docker/agent-places.ts';
import { type ContainerInfo, inspectContainer } from '../docker/container.ts';
import type { EngineCommand } from '../docker/engine.ts';
import { CaiError } from '../errors.ts';
import { checkContainerName, checkVolumeName, labels, workspaceNames } from './names.ts';
import { resolveWorkspace } from './workspace.ts';

/** As they stand on a command line. */
export interface TargetFlags {
  readonly workspace?: string | undefined;
  readonly container?: string | undefined;
  readonly dataVolume?: string | undefined;
  readonly config?: string | undefined;
  readonly docker?: string | undefined;
}

export interface TargetQuery extends TargetFlags {
  /** The container of a workspace that is named must be there too. */
  readonly wantContainer: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Target {
  readonly workspace: string;
  readonly settings: ResolvedSettings;
  readonly command: EngineCommand;
  readonly volume: string;
  /** Undefined when only the volume is meant. */
  readonly container: ContainerInfo | undefined;
}

/** Throws USAGE, ROOT, CONFIG, NO_CONTAINER, NO_ENGINE. */
export async function resolveTarget(query: TargetQuery): Promise<Target> {
  checkFlags(query);
  if (query.container !== undefined) return namedContainer(query, query.container);
  const workspace = resolveWorkspace(query.workspace);
  const settings = settingsFor(workspace, query);
  const names = workspaceNames(workspace);
  const volume = settings.dataVolume ?? names.volume;
  const base = { workspace, settings, command: settings.docker, volume };
  if (!query.wantContainer || query.workspace === undefined)
    return { ...base, container: undefined };
  const container = await workspaceContainer(base, names.container, query);
  const mounted = volumeOf(container);
  if (mounted === volume) return { ...base, container };
  if (query.dataVolume === undefined) return { ...base, container, volume: mounted };
  throw new CaiError(
    'USAGE',
    `Container ${container.name} has the volume ${mounted}, not ${volume}.`,
    {
      next: 'Leave --data-volume out, or name the volume only, without the workspace.',
    },
  );
}

function checkFlags({ workspace, container, dataVolume }: TargetFlags): void {
  if (dataVolume !== undefined) checkVolumeName(dataVolume);
  if (container === undefined) return;
  checkContainerName(container);
  const other =
    workspace !== undefined ? 'a workspace' : dataVolume !== undefined ? '--data-volume' : '';
  if (other === '') return;
  throw new CaiError('USAGE', `--container and ${other} exclude each other.`, {
    next: 'A container has its own workspace and volume; name one of the two.',
  });
}

async function namedContainer(query: TargetQuery, name: string): Promise<Target> {
  // Its workspace is known only once it is found, and how to ask for it may be configured.
  const here = settingsFor(resolveWorkspace(undefined), query);
  const container = await inspectContainer({
    command: here.docker,
    container: name,
    signal: query.signal,
  });
  const volume = volumeOf(container);
  const own = container.labels[labels.workspace];
  const workspace = own === undefined || own === '' ? here.workspace : own;
  const settings = workspace === here.workspace ? here : settingsFor(workspace, query);
  return { workspace, settings, command: here.docker, volume, container };
}

function settingsFor(
  workspace: string,
  { dataVolume, docker, config }: TargetFlags,
): ResolvedSettings {
  const flags: Partial<Settings> = {
    ...(dataVolume === undefined ? {} : { dataVolume }),
    ...(docker === undefined ? {} : { docker: commandOf(docker, '--docker') }),
  };
  return loadSettings({ workspace, flags, config });
}

async function workspaceContainer(
  { workspace, command, volume }: Omit<Target, 'container'>,
  name: string,
  { signal }: TargetQuery,
): Promise<ContainerInfo> {
  try {
    return await inspectContainer({ command, container: name, signal });
  } catch (error) {
    if (!(error instanceof CaiError) || error.code !== 'NO_CONTAINER') throw error;
    throw new CaiError('NO_CONTAINER', `There is no container for ${workspace}.`, {
      path: workspace,
      next: `For the volume alone: \`cai import --data-volume ${volume}\`, then \`cai run\`.`,
      cause: error,
    });
  }
}

/** The data volume that a container has. Throws NO_VOLUME. */
export function volumeOf({ name, mounts, labels: own }: ContainerInfo): string {
  const mount = mounts.find(
    ({ type, destination }) => type === 'volume' && destination === agentData,
  );
  const volume = mount?.name ?? own[labels.volume];
  if (volume !== undefined && volume !== '') return volume;
  throw new CaiError('NO_VOLUME', `Container ${name} has no data volume at ${agentData}.`, {
    next: 'Start one with `cai run`, or name a volume with --data-volume.',
  });
}

/** Throws NO_CONTAINER, with the way to do without, unless the container runs. */
export function mustRun({ container, volume }: Target): void {
  if (container === undefined || (container.running && container.state !== 'paused')) return;
  throw new CaiError(
    'NO_CONTAINER',
    `Container ${container.name} is not running (${container.state}).`,
    {
      next: `For its volume alone: \`cai import --data-volume ${volume}\`, then \`cai run\`.`,
    },
  );
}

/** Which data volume a command speaks of: that of a container, or that of a workspace. */
import type { ResolvedSettings } from '../config/settings.ts';
import { agentData } from '../docker/agent-places.ts';
import { type ContainerInfo, inspectContainer } from '../docker/container.ts';
import type { EngineCommand, EngineOptions } from '../docker/engine.ts';
import { CaiError } from '../errors.ts';
import { checkContainerName, workspaceNames } from './names.ts';

/** The one that is set, else the one that is derived from the workspace's path. */
export function volumeOfWorkspace(settings: ResolvedSettings): string {
  return settings.dataVolume ?? workspaceNames(settings.workspace).volume;
}

export interface ContainerVolumeQuery extends EngineOptions {
  readonly command: EngineCommand;
  readonly container: string;
}

/** The volume that the container has at the place of the data. Throws NO_CONTAINER, NO_VOLUME. */
export async function volumeOfContainer(query: ContainerVolumeQuery): Promise<string> {
  checkContainerName(query.container);
  const info = await inspectContainer(query);
  const volume = dataMount(info)?.name;
  if (volume !== undefined) return volume;
  throw new CaiError('NO_VOLUME', `Container ${info.name} has no data volume at ${agentData}.`, {
    next: 'Name the volume with --data-volume.',
  });
}

function dataMount({ mounts }: ContainerInfo): ContainerInfo['mounts'][number] | undefined {
  return mounts.find(({ type, destination }) => type === 'volume' && destination === agentData);
}

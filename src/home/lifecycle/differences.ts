/** Whether a container that is there is the one that is asked for; a container cannot be changed. Pure. */
import type { ContainerInfo } from '../../docker/container.ts';
import { CaiError } from '../../errors.ts';
import { labels } from '../names.ts';
import { askedImageLabel, type ContainerWish, workspaceLabel } from './container.ts';

/** `image`: the one that was asked for just now; one that is only configured waits for the next making. */
export function differences(
  info: ContainerInfo,
  { workspace, volume, bind, name }: ContainerWish,
  image: string | undefined,
): CaiError | undefined {
  if (info.labels[labels.workspace] !== workspace)
    return new CaiError('NO_CONTAINER', `Container ${name} is there, and not of this workspace.`, {
      next: `Rename or remove it: "docker rm ${name}".`,
    });
  const images = [info.image, info.labels[askedImageLabel]];
  const differing = [
    ...(info.labels[labels.volume] === volume ? [] : [`the volume ${info.labels[labels.volume]}`]),
    ...((info.labels[workspaceLabel] === 'bind') === bind
      ? []
      : [bind ? 'a workspace that is synchronised' : 'a workspace that is mounted']),
    ...(image === undefined || images.includes(image) ? [] : [`the image ${info.image}`]),
  ];
  if (differing.length === 0) return undefined;
  return new CaiError('BUSY', `Container ${name} has ${differing.join(' and ')}.`, {
    next: 'Make it anew with `cai run --fresh` and the same options; the data volume stays.',
  });
}

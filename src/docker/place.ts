/**
 * Where a directory of a container is stored: what tells it from another that bears the same path.
 * A volume or a directory of the host outlives the container; all else goes with it.
 */
import type { ContainerInfo, Mount } from './container.ts';
import { type EngineCommand, type EngineOptions, runEngine } from './engine.ts';

export type ContainerPlace =
  /** The container's own file system (or memory). */
  | { readonly kind: 'container'; readonly id: string; readonly created: string }
  /** A named volume: it stays when the container is recreated, and a new one can bear its name. */
  | { readonly kind: 'volume'; readonly name: string; readonly created: string }
  /** A directory of the engine's machine. */
  | { readonly kind: 'bind'; readonly source: string; readonly destination: string };

export interface PlaceQuery extends EngineOptions {
  readonly command: EngineCommand;
  readonly info: ContainerInfo;
  /** The directory, absolute, links resolved. */
  readonly root: string;
}

/** Asks the engine for the volume, where there is one; an engine that does not say counts as a new place each time. */
export async function findPlace(query: PlaceQuery): Promise<ContainerPlace> {
  const { info, root } = query;
  const mount = mountOf(info.mounts, root);
  const { name, source, destination } = mount ?? {};
  if (mount?.type === 'volume' && name !== undefined)
    return { kind: 'volume', name, created: await volumeCreated(query, name) };
  if (mount?.type === 'bind' && source !== undefined && destination !== undefined)
    return { kind: 'bind', source, destination };
  return { kind: 'container', id: info.id, created: info.created };
}

/** The innermost mount that holds the directory. */
export function mountOf(mounts: readonly Mount[], root: string): Mount | undefined {
  return mounts
    .filter(({ destination }) => isBelow(destination, root))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
}

/** True when a directory is a mount's destination or lies below it. */
export function isBelow(destination: string, root: string): boolean {
  const top = destination.replace(/\/+$/, '');
  return root === top || root.startsWith(`${top}/`);
}

async function volumeCreated(query: PlaceQuery, name: string): Promise<string> {
  const args = ['volume', 'inspect', '--format', '{{json .CreatedAt}}', name];
  const { code, stdout } = await runEngine(query.command, args, query);
  const created = code === 0 ? stdout.trim() : '';
  // Not known: better a merge too many than a base that speaks of another volume.
  return created === '' || created === 'null' || created === '""'
    ? `unknown ${Date.now()}`
    : created;
}

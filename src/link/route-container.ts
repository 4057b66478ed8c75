/** The route to a container, through `docker exec` or `podman exec`. */
import type { ContainerAddress } from '../docker/address.ts';
import { type ContainerInfo, requireRunning } from '../docker/container.ts';
import type { EngineCommand } from '../docker/engine.ts';
import { findPlace } from '../docker/place.ts';
import { bootScript, nodeEnvironment, nodeFlags } from './boot.ts';
import { explainFailure } from './connect-errors.ts';
import type { Route, Tools } from './route.ts';

/** Fails with NO_ENGINE or NO_CONTAINER. */
export async function containerRoute(
  address: ContainerAddress,
  tools: Tools,
  signal: AbortSignal | undefined,
): Promise<Route> {
  const command = tools.docker ?? [address.engine];
  const info = await requireRunning({ command, container: address.container, signal });
  return {
    transport: `${address.engine} exec`,
    command: execCommand({ command, info, node: tools.node }),
    place: (root) => findPlace({ command, info, root, signal }),
    explain: (thrown) =>
      explainFailure(thrown, { command, container: info.name, path: address.path }),
  };
}

interface Exec {
  readonly command: EngineCommand;
  readonly info: ContainerInfo;
  readonly node?: string | undefined;
}

/** By id: a container that takes the name meanwhile is another one. */
function execCommand({ command, info, node = 'node' }: Exec): readonly string[] {
  // The container's working directory may be gone; its NODE_OPTIONS may make node print or listen.
  const environment = nodeEnvironment.flatMap((value) => ['--env', value]);
  const options = ['--interactive', '--workdir', '/', ...environment];
  return [...command, 'exec', ...options, info.id, node, ...nodeFlags, '-e', bootScript];
}

/**
 * The route to a container, through `docker exec` or `podman exec`; one without node is served from a
 * helper container.
 */
import type { ContainerAddress } from '../docker/address.ts';
import { type ContainerInfo, requireRunning } from '../docker/container.ts';
import type { EngineCommand } from '../docker/engine.ts';
import { findPlace } from '../docker/place.ts';
import { containerVariable } from '../replica/area-owner.ts';
import { bootScript, nodeEnvironment, nodeFlags } from './boot.ts';
import { explainFailure } from './connect-errors.ts';
import type { Route, RouteOptions, Tools } from './route.ts';
import { helperRoute } from './route-helper.ts';

/** Fails with NO_ENGINE or NO_CONTAINER. */
export async function containerRoute(
  address: ContainerAddress,
  tools: Tools,
  { signal, onNotice }: RouteOptions,
): Promise<Route> {
  const command = tools.docker ?? [address.engine];
  const info = await requireRunning({ command, container: address.container, signal });
  return {
    transport: `${address.engine} exec`,
    command: execCommand({ command, info, node: tools.node }),
    place: (root) => findPlace({ command, info, root, signal }),
    explain: (thrown) =>
      explainFailure(thrown, { command, container: info.name, path: address.path }),
    async otherwise(error) {
      // Who names a node wants that one.
      if (error.code !== 'NO_NODE' || tools.node !== undefined) return undefined;
      return helperRoute({ address, command, info, reason: error, signal, onNotice });
    },
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
  const variables = [...nodeEnvironment, `${containerVariable}=${info.id}`];
  const environment = variables.flatMap((value) => ['--env', value]);
  const options = ['--interactive', '--workdir', '/', ...environment];
  return [...command, 'exec', ...options, info.id, node, ...nodeFlags, '-e', bootScript];
}

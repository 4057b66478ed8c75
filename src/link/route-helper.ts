/**
 * The route to a container that has no node: a helper container from the project's own image, in the
 * same process namespace, so that it ends with its target. Where the directory lies in a volume it has
 * the target's volumes; else it looks through the target's first process, which needs SYS_PTRACE.
 * It has no network, a root that cannot be written, and ends (and is removed) with its standard input.
 */
import { hostname } from 'node:os';
import type { ContainerAddress } from '../docker/address.ts';
import { ensureAgentImage } from '../docker/agent-image.ts';
import type { ContainerInfo } from '../docker/container.ts';
import type { EngineCommand } from '../docker/engine.ts';
import { sweepHelpers } from '../docker/helpers.ts';
import { findPlace, isBelow, mountOf } from '../docker/place.ts';
import { CaiError, toCaiError } from '../errors.ts';
import { bootScript, nodeEnvironment, nodeFlags } from './boot.ts';
import { explainFailure } from './connect-errors.ts';
import type { Route, RouteOptions } from './route.ts';

export interface HelperInput extends RouteOptions {
  readonly address: ContainerAddress;
  readonly command: EngineCommand;
  readonly info: ContainerInfo;
  /** Why the container cannot serve its files itself. */
  readonly reason: CaiError;
}

interface Helper extends HelperInput {
  readonly image: string;
  readonly way: 'volumes' | 'namespace';
}

/** Where the files of a process's root stand, for those who may look there. */
const firstProcessRoot = '/proc/1/root';

/** Fails with NO_NODE and the reason when no helper can stand in. */
export async function helperRoute(input: HelperInput): Promise<Route> {
  const { command, info, signal, onNotice, address } = input;
  if (info.pidMode !== '' && info.pidMode !== 'private') throw sharedProcesses(input);
  void sweepHelpers(command);
  let image: string;
  try {
    image = await ensureAgentImage({ command, signal, onProgress: onNotice });
  } catch (error) {
    throw noHelper(input, toCaiError(error));
  }
  return routeOf({
    ...input,
    image,
    way: hasInVolumes(info, address.path) ? 'volumes' : 'namespace',
  });
}

function routeOf(helper: Helper): Route {
  const { command, info, address, way, signal } = helper;
  return {
    transport: `${address.engine} helper`,
    command: [...command, ...runArguments(helper)],
    ...(way === 'volumes' ? {} : { base: firstProcessRoot }),
    async place(root) {
      if (way === 'volumes' && !hasInVolumes(info, root))
        throw new CaiError('ROOT', `${address.path} leads out of its volume.`);
      return findPlace({ command, info, root, signal });
    },
    explain: (thrown) => explainHelper(thrown, helper),
    // A link on the way leads to what is not in a volume: seen from the target's own root it is there.
    async otherwise({ code }) {
      if (way !== 'volumes' || code !== 'ROOT') return undefined;
      return routeOf({ ...helper, way: 'namespace' });
    },
  };
}

/** The directory and all below it are in volumes, which another container can have too. */
function hasInVolumes({ mounts }: ContainerInfo, path: string): boolean {
  const shared = ({ type }: { type: string }) => type === 'volume' || type === 'bind';
  const holding = mountOf(mounts, path);
  const below = mounts.filter(({ destination }) => isBelow(path, destination));
  return holding !== undefined && shared(holding) && below.every(shared);
}

function runArguments({ info, image, way }: Helper): readonly string[] {
  const environment = nodeEnvironment.flatMap((value) => ['--env', value]);
  // Root of the helper, to give new files to whom the target's directory belongs.
  const capabilities = [
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    ...(way === 'volumes' ? [] : ['SYS_PTRACE']),
  ];
  return [
    'run',
    '--rm',
    '--interactive',
    '--label',
    `containai.helper=${info.id}`,
    '--label',
    `containai.helper.host=${hostname()}`,
    '--label',
    `containai.helper.pid=${process.pid}`,
    '--pull',
    'never',
    // Whatever crosses the link would be written to the engine's disk.
    '--log-driver',
    'none',
    '--network',
    'none',
    '--read-only',
    '--user',
    '0:0',
    '--workdir',
    '/',
    '--cap-drop',
    'ALL',
    ...capabilities.flatMap((name) => ['--cap-add', name]),
    '--security-opt',
    'no-new-privileges',
    '--pid',
    `container:${info.id}`,
    ...(info.usernsMode === 'host' ? ['--userns', 'host'] : []),
    ...(way === 'volumes' ? ['--volumes-from', info.id] : []),
    ...environment,
    '--entrypoint',
    'node',
    image,
    ...nodeFlags,
    '-e',
    bootScript,
  ];
}

function explainHelper(thrown: unknown, helper: Helper): CaiError {
  const { command, info, address, way } = helper;
  const error = toCaiError(thrown);
  if (error.code === 'LINK') return noHelper(helper, error);
  if (error.code === 'PERMISSION' && way === 'namespace') {
    return new CaiError(
      'PERMISSION',
      `Container ${info.name} has no node, and its helper may not look at ${address.path}: ${error.message}`,
      {
        path: address.path,
        next: 'Put the directory into a volume, allow SYS_PTRACE on the engine, or use an image with Node.js 18 or newer.',
        cause: error,
      },
    );
  }
  return explainFailure(error, { command, container: info.name, path: address.path });
}

function noHelper({ info, reason }: HelperInput, error: CaiError): CaiError {
  if (error.code === 'CANCELLED') return error;
  return new CaiError(
    'NO_NODE',
    `Container ${info.name} has no usable node, and no helper container can stand in: ${error.message}`,
    { next: error.next ?? reason.next ?? 'Use an image with Node.js 18 or newer.', cause: error },
  );
}

function sharedProcesses({ info }: HelperInput): CaiError {
  const whose = info.pidMode === 'host' ? 'its engine' : 'another container';
  return new CaiError(
    'NO_NODE',
    `Container ${info.name} has no usable node, and no helper container can stand in: it shares the process namespace of ${whose}, so its files cannot be told from others.`,
    { next: 'Run it without --pid, or use an image with Node.js 18 or newer.' },
  );
}

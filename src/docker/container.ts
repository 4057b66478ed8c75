/** What the engine knows of a container, and errors that say what is wrong with one. */
import { CaiError } from '../errors.ts';
import {
  daemonFault,
  type EngineCommand,
  type EngineOptions,
  firstLine,
  runEngine,
} from './engine.ts';
import { similarNames } from './similar.ts';

export interface Mount {
  readonly type: string;
  /** Of a volume. */
  readonly name?: string;
  readonly source: string;
  readonly destination: string;
  readonly writable: boolean;
}

export interface ContainerInfo {
  /** Full id; another one means another container. */
  readonly id: string;
  readonly name: string;
  /** As the engine writes it. */
  readonly created: string;
  readonly running: boolean;
  /** `running`, `exited`, `paused` … */
  readonly state: string;
  readonly image: string;
  readonly mounts: readonly Mount[];
  readonly labels: Readonly<Record<string, string>>;
  /** '' (its own), `host` or `container:ID`. */
  readonly pidMode: string;
  /** `host` when it has no user namespace although the engine would give it one. */
  readonly usernsMode: string;
}

export interface ContainerQuery extends EngineOptions {
  readonly command: EngineCommand;
  /** Name or id. */
  readonly container: string;
}

/** Fails with NO_ENGINE, or NO_CONTAINER with the names that are similar. */
export async function inspectContainer(query: ContainerQuery): Promise<ContainerInfo> {
  const { command, container } = query;
  const args = ['inspect', '--type', 'container', '--format', '{{json .}}', container];
  const { code, stdout, stderr } = await runEngine(command, args, query);
  if (code === 0) return readInfo(stdout);
  const fault = daemonFault(command, stderr);
  if (fault !== undefined) throw fault;
  if (/no such (container|object)|no container with name/i.test(stderr)) {
    throw await noSuchContainer(query);
  }
  throw new CaiError('NO_ENGINE', `${command.join(' ')} inspect failed: ${firstLine(stderr)}`);
}

/** As inspectContainer, and fails with NO_CONTAINER when it does not run. */
export async function requireRunning(query: ContainerQuery): Promise<ContainerInfo> {
  const info = await inspectContainer(query);
  if (info.running && info.state !== 'paused') return info;
  const verb = info.state === 'paused' ? 'unpause' : 'start';
  throw new CaiError('NO_CONTAINER', `Container ${info.name} is not running (${info.state}).`, {
    next: `Run "${query.command.join(' ')} ${verb} ${info.name}".`,
  });
}

async function noSuchContainer(query: ContainerQuery): Promise<CaiError> {
  const { command, container } = query;
  const { stdout } = await runEngine(command, ['ps', '-a', '--format', '{{.Names}}'], query);
  const names = stdout.split('\n').filter((name) => name !== '');
  const similar = similarNames(container, names);
  const list = `${command.join(' ')} ps -a`;
  return new CaiError('NO_CONTAINER', `There is no container ${container}.`, {
    next:
      similar.length === 0
        ? `"${list}" lists the containers there are.`
        : `Did you mean ${similar.join(' or ')}? "${list}" lists them all.`,
  });
}

interface RawInfo {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly State: { readonly Running: boolean; readonly Status: string };
  readonly Config?: {
    readonly Image?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig?: {
    readonly PidMode?: string;
    readonly UsernsMode?: string;
    readonly Tmpfs?: Readonly<Record<string, string>> | null;
  };
  readonly Mounts?: readonly RawMount[];
}

interface RawMount {
  readonly Type: string;
  readonly Name?: string;
  readonly Source?: string;
  readonly Destination: string;
  readonly RW: boolean;
}

function readInfo(json: string): ContainerInfo {
  const raw = JSON.parse(json) as RawInfo;
  return {
    id: raw.Id,
    name: raw.Name.replace(/^\//, ''),
    created: raw.Created,
    running: raw.State.Running,
    state: raw.State.Status,
    image: raw.Config?.Image ?? '',
    labels: raw.Config?.Labels ?? {},
    mounts: [...(raw.Mounts ?? []).map(readMount), ...memoryMounts(raw)],
    pidMode: raw.HostConfig?.PidMode ?? '',
    usernsMode: raw.HostConfig?.UsernsMode ?? '',
  };
}

function readMount({ Type, Name, Source, Destination, RW }: RawMount): Mount {
  return {
    type: Type,
    ...(Name === undefined || Name === '' ? {} : { name: Name }),
    source: Source ?? '',
    destination: Destination,
    writable: RW,
  };
}

/** What `--tmpfs` made is not on the list of mounts. */
function memoryMounts({ HostConfig }: RawInfo): readonly Mount[] {
  return Object.keys(HostConfig?.Tmpfs ?? {}).map((destination) => ({
    type: 'tmpfs',
    source: '',
    destination,
    writable: true,
  }));
}

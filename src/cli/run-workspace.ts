/** `cai run`: the container of a workspace, made or started, with its data volume and the workspace in it. */
import type { Command } from 'commander';
import { loadSettings, type ResolvedSettings } from '../config/settings.ts';
import { commandOf } from '../config/values.ts';
import { writeWorkspaceState } from '../config/workspace-state.ts';
import type { SessionStatus } from '../control/api.ts';
import type { ContainerInfo } from '../docker/container.ts';
import { dropVolume, ensureVolume } from '../docker/volume.ts';
import { CaiError } from '../errors.ts';
import {
  type ContainerWish,
  findContainer,
  imageFor,
  makeContainer,
  removeContainer,
  startContainer,
  workspaceLabel,
} from '../home/lifecycle/container.ts';
import { differences } from '../home/lifecycle/differences.ts';
import { checkVolumeName, labels, workspaceNames } from '../home/names.ts';
import { resolveWorkspace } from '../home/workspace.ts';
import { interruptible } from './interrupt.ts';
import { colors, note, print, printJson, warn } from './output.ts';
import { execInWorkspace } from './workspace-exec.ts';
import {
  isSynchronised,
  resumeWorkspaceSession,
  type StartOptions,
  settleWorkspaceSession,
  startWorkspaceSession,
  workspaceSession,
} from './workspace-session.ts';

const examples = `
The container has the data volume at ~/.containai/data and the workspace at ~/workspace: synchronised live,
or mounted with --bind. It goes on until \`cai stop\`. The SSH agent is forwarded to what runs after --.

Examples:
  $ cai run                          for the current directory
  $ cai run ~/src/shop -- npm test   and run a command in it
  $ cai run --fresh                  a new container; the data volume and the workspace stay
  $ cai run --reset                  also a new, empty data volume; the old one stays
  $ cai run --image node:24          made from another image that has node
`;

interface Flags {
  readonly fresh?: true;
  readonly reset?: true;
  readonly image?: string;
  readonly bind?: boolean;
  readonly dataVolume?: string;
  readonly workspace?: string;
  readonly config?: string;
  readonly docker?: string;
  readonly json?: true;
}

export interface RunResult {
  readonly workspace: string;
  readonly container: string;
  readonly volume: string;
  readonly image: string;
  readonly made: boolean;
  readonly started: boolean;
  readonly bind: boolean;
  /** Of the live session; absent with a bind mount. */
  readonly session?: string;
  /** The data volume that --reset left behind. */
  readonly former?: string;
}

export function define(command: Command): void {
  command
    .argument('[PATH]', 'the workspace (default: the current directory)')
    .argument('[COMMAND...]', 'after --: what to run in the container')
    .option('--fresh', 'make the container anew')
    .option('--reset', 'as --fresh, with a new data volume')
    .option('--image <image>', 'the image to make it from')
    .option('--bind', 'mount the workspace instead of synchronising it')
    .option('--no-bind', 'synchronise it again')
    .option('--data-volume <volume>', "the volume (default: from the workspace's path)")
    .option('--workspace <path>', 'the same as PATH')
    .option('--config <path>', "a file in place of the workspace's configuration")
    .option('--docker <command>', 'docker command, e.g. "docker --context x"')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((_path: unknown, _rest: unknown, flags: Flags, self: Command) =>
      run(splitArguments(self.args), flags),
    );
}

interface Arguments {
  readonly path: string | undefined;
  readonly args: readonly string[];
}

/** The parser drops the `--`, before which there may be a path. */
function splitArguments(all: readonly string[]): Arguments {
  const mark = process.argv.indexOf('--');
  const behind = mark < 0 ? 0 : process.argv.length - mark - 1;
  const before = all.slice(0, all.length - behind);
  if (before.length > 1)
    throw new CaiError('USAGE', `There is one workspace, not ${before.join(' and ')}.`, {
      next: 'Write a command after --: `cai run [PATH] -- COMMAND`.',
    });
  return { path: before[0], args: all.slice(before.length) };
}

async function run({ path, args }: Arguments, flags: Flags): Promise<void> {
  if (flags.reset === true && flags.dataVolume !== undefined)
    throw new CaiError('USAGE', '--reset and --data-volume do not go together.', {
      next: 'Give one of them: --data-volume NAME makes a new volume, too, where there is none.',
    });
  const settings = settingsOf(resolveWorkspace(path ?? flags.workspace), flags);
  for (const warning of settings.warnings) warn(warning);
  const result = await interruptible((signal) => bringUp(settings, flags, signal));
  if (args.length > 0) {
    const { container } = result;
    process.exitCode = await execInWorkspace({ command: settings.docker, container, args });
  } else if (flags.json === true) printJson(result);
  else for (const line of render(result)) print(line);
}

function settingsOf(workspace: string, flags: Flags): ResolvedSettings {
  const { dataVolume, image, bind, docker, config } = flags;
  if (dataVolume !== undefined) checkVolumeName(dataVolume);
  return loadSettings({
    workspace,
    config,
    flags: {
      ...(dataVolume === undefined ? {} : { dataVolume }),
      ...(image === undefined ? {} : { image }),
      ...(bind === undefined ? {} : { bind }),
      ...(docker === undefined ? {} : { docker: commandOf(docker, '--docker') }),
    },
  });
}

async function bringUp(
  settings: ResolvedSettings,
  flags: Flags,
  signal: AbortSignal,
): Promise<RunResult> {
  const { workspace, docker: command } = settings;
  const names = workspaceNames(workspace);
  const current = settings.dataVolume ?? names.volume;
  const volume = flags.reset === true ? newVolume(settings, names.volume) : current;
  const wish: ContainerWish = {
    command,
    name: names.container,
    workspace,
    volume,
    bind: settings.bind,
    image: settings.image,
    signal,
    onProgress: note,
  };
  const { made, started } = await ensureContainer(wish, flags);
  // What was asked for here is what later commands for this workspace mean.
  writeWorkspaceState(workspace, {
    ...(flags.reset === true || flags.dataVolume !== undefined ? { dataVolume: volume } : {}),
    ...(flags.image === undefined ? {} : { image: flags.image }),
    ...(flags.bind === undefined ? {} : { bind: flags.bind }),
  });
  const session = settings.bind ? undefined : await live(wish, { config: flags.config, signal });
  return {
    workspace,
    container: names.container,
    volume,
    image: (await findContainer(wish))?.image ?? '',
    made,
    started,
    bind: settings.bind,
    ...(session === undefined ? {} : { session: session.name }),
    ...(flags.reset === true ? { former: current } : {}),
  };
}

/** A volume that the environment or a file names cannot be another one. */
function newVolume({ origins }: ResolvedSettings, derived: string): string {
  const { kind } = origins.dataVolume;
  if (kind === 'environment')
    throw new CaiError('USAGE', 'The environment names the data volume; --reset cannot.', {
      next: 'Unset CONTAINAI_DATA_VOLUME, or name another volume with it.',
    });
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 17);
  return `${derived}-${stamp}`;
}

async function ensureContainer(
  wish: ContainerWish,
  { fresh, reset, image }: Flags,
): Promise<{ readonly made: boolean; readonly started: boolean }> {
  const { command, workspace, volume, signal } = wish;
  const present = await findContainer(wish);
  const anew = fresh === true || reset === true;
  if (present !== undefined && !anew) {
    const differing = differences(present, wish, image);
    if (differing !== undefined) throw differing;
    return { made: false, started: await startContainer(present, wish) };
  }
  // First what can fail without a loss: an image that cannot be had leaves everything as it is.
  const from = await imageFor(wish);
  if (present !== undefined) {
    await rescue(present, wish);
    await removeContainer(present, wish);
  }
  const own = { [labels.managed]: 'true', [labels.workspace]: workspace };
  const madeVolume = await ensureVolume({ command, volume, signal, labels: own });
  try {
    await makeContainer(wish, from);
  } catch (error) {
    if (madeVolume) await dropVolume({ command, volume });
    throw error;
  }
  return { made: true, started: true };
}

/** What only the container has of the workspace comes to the host before it goes, also when it is stopped. */
async function rescue(present: ContainerInfo, wish: ContainerWish): Promise<void> {
  const { command, name: container, workspace, signal } = wish;
  if (present.labels[workspaceLabel] !== 'sync') return;
  const pair = { command, workspace, container };
  const session = workspaceSession(pair);
  if (session === undefined) return;
  await startContainer(present, wish);
  await resumeWorkspaceSession(session, signal ?? new AbortController().signal);
  await settleWorkspaceSession(pair, { removal: true, say: note });
}

async function live(wish: ContainerWish, options: StartOptions): Promise<SessionStatus> {
  const { command, workspace, name: container } = wish;
  const pair = { command, workspace, container };
  if (!(await isSynchronised(pair))) note(`synchronising ${workspace} …`);
  return startWorkspaceSession(pair, options);
}

function render(result: RunResult): string[] {
  const { container, volume, workspace, bind, made, started, session, former } = result;
  const state = made ? 'made and started' : started ? 'started' : 'runs already';
  return [
    `${colors.green('running')}    ${container}  ${state}`,
    `volume     ${volume}${former === undefined ? '' : `  new; ${former} stays`}`,
    `workspace  ${workspace}  ${bind ? 'mounted' : `synchronised live, session ${session ?? ''}`}`,
    `next       cai shell, cai stop`,
  ];
}

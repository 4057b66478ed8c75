/** `cai shell`: a login shell in a workspace's container. */
import type { Command } from 'commander';
import { type ContainerInfo, inspectContainer } from '../docker/container.ts';
import { CaiError, toCaiError } from '../errors.ts';
import { startContainer, workspaceLabel } from '../home/lifecycle/container.ts';
import { labels, workspaceNames } from '../home/names.ts';
import { resolveTarget, type Target } from '../home/target.ts';
import { interruptible } from './interrupt.ts';
import { warn } from './output.ts';
import { execInWorkspace, loginShell } from './workspace-exec.ts';
import { type StartOptions, startWorkspaceSession } from './workspace-session.ts';

const examples = `
Starts the container when it is stopped. The SSH agent of SSH_AUTH_SOCK is forwarded as long as the shell runs.

Examples:
  $ cai shell
  $ cai shell ~/src/shop
  $ cai shell --container my-proj
`;

interface Flags {
  readonly workspace?: string;
  readonly container?: string;
  readonly config?: string;
  readonly docker?: string;
}

export function define(command: Command): void {
  command
    .argument('[PATH]', 'the workspace (default: the current directory)')
    .option('--workspace <path>', 'the same')
    .option('--container <name>', 'this container')
    .option('--config <path>', "a file in place of the workspace's configuration")
    .option('--docker <command>', 'docker command, e.g. "docker --context x"')
    .addHelpText('after', examples)
    .action(shell);
}

async function shell(path: string | undefined, flags: Flags): Promise<void> {
  const { command, info } = await interruptible(async (signal) => {
    const query = { ...flags, workspace: path ?? flags.workspace, wantContainer: false, signal };
    const target = await resolveTarget(query);
    const found = await workspaceContainer(target, signal);
    await startContainer(found, { command: target.command, signal });
    await resume(target, found, { config: flags.config, signal });
    return { command: target.command, info: found };
  });
  const container = info.name;
  process.exitCode = await execInWorkspace({ command, container, args: loginShell });
}

/** The container that a command without `--container` means. Throws NO_CONTAINER. */
export async function workspaceContainer(
  { command, workspace, container }: Target,
  signal: AbortSignal,
): Promise<ContainerInfo> {
  if (container !== undefined) return container;
  const name = workspaceNames(workspace).container;
  try {
    return await inspectContainer({ command, container: name, signal });
  } catch (error) {
    if (toCaiError(error).code !== 'NO_CONTAINER') throw error;
    throw new CaiError('NO_CONTAINER', `There is no container for ${workspace}.`, {
      path: workspace,
      next: 'Make one with `cai run`.',
      cause: error,
    });
  }
}

/** Live sync goes on where it does not; a shell without it is of more use than none. */
async function resume(
  { command }: Target,
  info: ContainerInfo,
  options: StartOptions,
): Promise<void> {
  const workspace = info.labels[labels.workspace];
  if (info.labels[workspaceLabel] !== 'sync' || workspace === undefined) return;
  try {
    await startWorkspaceSession({ command, workspace, container: info.name }, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    const { message } = toCaiError(error);
    warn(`the workspace is not synchronised: ${message}`);
  }
}

/** `cai stop`: ends a workspace's container, after everything is on both sides. */
import type { Command } from 'commander';
import { stopContainer } from '../home/lifecycle/container.ts';
import { labels } from '../home/names.ts';
import { resolveTarget, volumeOf } from '../home/target.ts';
import { exportTarget } from './export.ts';
import { interruptible } from './interrupt.ts';
import { colors, note, print, printJson } from './output.ts';
import { workspaceContainer } from './shell.ts';
import { settleWorkspaceSession } from './workspace-session.ts';

const examples = `
The container, the data volume and the session stay; \`cai run\` goes on with them.

Examples:
  $ cai stop
  $ cai stop --export                  and the data volume as an archive
  $ cai stop --export -o ~/backups/
`;

interface Flags {
  readonly workspace?: string;
  readonly container?: string;
  readonly config?: string;
  readonly docker?: string;
  readonly export?: true;
  readonly output?: string;
  readonly json?: true;
}

export function define(command: Command): void {
  command
    .argument('[PATH]', 'the workspace (default: the current directory)')
    .option('--workspace <path>', 'the same')
    .option('--container <name>', 'this container')
    .option('--export', 'write the data volume into an archive')
    .option('-o, --output <path>', 'with --export: file or directory')
    .option('--config <path>', "a file in place of the workspace's configuration")
    .option('--docker <command>', 'docker command, e.g. "docker --context x"')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((path: string | undefined, flags: Flags) =>
      interruptible((signal) => stop(path, flags, signal)),
    );
}

async function stop(path: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  const query = { ...flags, workspace: path ?? flags.workspace, wantContainer: false, signal };
  const target = await resolveTarget(query);
  const { command } = target;
  const info = await workspaceContainer(target, signal);
  const container = info.name;
  const workspace = info.labels[labels.workspace] ?? target.workspace;
  await settleWorkspaceSession({ command, workspace, container }, { removal: false, say: note });
  const stopped = await stopContainer(info, { command, signal });
  const archive =
    flags.export === true
      ? await exportTarget(
          { ...target, volume: volumeOf(info) },
          {
            excludes: true,
            secrets: true,
            ...(flags.output === undefined ? {} : { output: flags.output }),
          },
          signal,
        )
      : undefined;
  if (flags.json === true) {
    printJson({ container, stopped, ...(archive === undefined ? {} : { export: archive }) });
    return;
  }
  print(`${colors.green('stopped')}  ${container}${stopped ? '' : '  it did not run'}`);
  if (archive !== undefined) print(archive.path);
}

/** What `cai mcp` and `cai serve` share: the directory, its session, and how that one comes to run. */
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { findConfig } from '../config/find.ts';
import type { SessionRecord } from '../control/api.ts';
import { startInBackground } from '../control/background.ts';
import { isRunning } from '../control/client.ts';
import { contains } from '../control/find.ts';
import { prepareSession } from '../control/prepare.ts';
import { readProcess } from '../control/process-file.ts';
import { liveRecords } from '../control/sessions.ts';
import { attachedSession } from '../control/upcall-target.ts';
import { CaiError, toCaiError } from '../errors.ts';
import type { Workspace } from '../mcp/workspace.ts';
import { displayPath } from '../tree/path.ts';
import { configured } from './watch-options.ts';

export interface WorkspaceFlags {
  readonly name?: string;
  readonly start: boolean;
  readonly allowExec?: true;
  readonly inContainer?: true;
}

export function addWorkspaceOptions(command: Command): Command {
  return command
    .argument('[DIR]', "the workspace (default: the session's around the current directory)")
    .option('--name <name>', 'session, where several have the directory')
    .option('--no-start', 'do not start the session when it does not run')
    .option('--in-container', 'this is the container: ask the session on the host through its link')
    .option('--allow-exec', 'offer run_command: let clients run programs in the workspace');
}

/** Opens the workspace; its session is looked for, and started, while clients are served already. */
export async function openHere(
  directory: string | undefined,
  flags: WorkspaceFlags,
  say: (line: string) => void,
): Promise<Workspace> {
  const root = realRoot(directory ?? defaultRoot(process.cwd()));
  const [{ openWorkspace }, { controlPort }] = await Promise.all([
    import('../mcp/workspace.ts'),
    import('../mcp/control-port.ts'),
  ]);
  void sweep(root, say);
  if (flags.inContainer === true) {
    const inside = controlPort({ side: 'container', find: () => attachedSession(root) });
    return openWorkspace({ root, port: inside, allowExec: flags.allowExec === true });
  }
  const port = controlPort({ side: 'local', find: () => sessionOf(root, flags.name) });
  const options = knownRecord(root, flags.name)?.options;
  if (flags.start) void start(root, flags.name).catch((error) => say(told(error)));
  return openWorkspace({
    root,
    port,
    allowExec: flags.allowExec === true,
    ...(options === undefined ? {} : { rules: options }),
  });
}

/** After servers that were killed in the middle of a write. */
async function sweep(root: string, say: (line: string) => void): Promise<void> {
  const { sweepDrafts } = await import('../mcp/disk/sweep.ts');
  for (const path of await sweepDrafts(root))
    say(
      `Left by a server that was killed: ${displayPath(path)}, an old file that somebody wrote to.`,
    );
}

/** The root of the innermost session around a directory, else where a containai.toml is, else itself. */
function defaultRoot(cwd: string): string {
  const here = realRoot(cwd);
  const roots = liveRecords().map(({ local }) => local);
  const around = roots.filter((root) => contains(root, here)).sort((a, b) => b.length - a.length);
  const config = findConfig(here);
  return around[0] ?? (config === undefined ? here : dirname(config));
}

function realRoot(directory: string): string {
  try {
    return realpathSync(resolve(directory));
  } catch (cause) {
    throw new CaiError('ROOT', `The directory ${directory} is not there.`, {
      path: directory,
      next: 'Name a directory that exists.',
      cause,
    });
  }
}

function knownRecord(root: string, name: string | undefined): SessionRecord | undefined {
  const here = liveRecords().filter((record) => record.local === root);
  const meant = here.filter((record) => name === undefined || record.name === name);
  // Of several containers that have the directory, one that runs.
  return meant.find((record) => readProcess(record) !== undefined) ?? meant[0];
}

function sessionOf(root: string, name: string | undefined): SessionRecord {
  const record = knownRecord(root, name);
  if (record !== undefined) return record;
  throw new CaiError('NO_SESSION', `There is no session for ${root}.`, {
    path: root,
    next: `Start one with \`cai watch -d ${root} CONTAINER:/PATH\`.`,
  });
}

/** As `cai watch -d` does; nothing where there is neither a session nor a containai.toml. */
async function start(root: string, name: string | undefined): Promise<void> {
  const record = knownRecord(root, name);
  if (record !== undefined) {
    const running = await isRunning(record);
    await startInBackground({ record, running, fresh: false });
    return;
  }
  if (findConfig(root) === undefined) return;
  for (const request of configured(root, name, {})) {
    if (realRoot(resolve(request.cwd, request.local)) !== root) continue;
    await startInBackground(await prepareSession(request));
    return;
  }
}

function told(error: unknown): string {
  const { message, next } = toCaiError(error);
  return `The session could not be started: ${message}${next === undefined ? '' : ` ${next}`}`;
}

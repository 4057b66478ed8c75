/** A shell or a command in a workspace's container, with the user's SSH agent where there is one. */
import { agentWorkspace } from '../docker/agent-places.ts';
import type { EngineCommand } from '../docker/engine.ts';
import { execInContainer } from '../docker/exec.ts';
import { forwardSshAgent } from '../docker/ssh-forward.ts';
import { errorColors, note } from './output.ts';

export interface WorkspaceExec {
  readonly command: EngineCommand;
  readonly container: string;
  readonly args: readonly string[];
}

/** The login shell of an image that has a better one than sh. */
export const loginShell: readonly string[] = [
  'sh',
  '-c',
  'if command -v bash >/dev/null 2>&1; then exec bash -l; else exec sh -l; fi',
];

/** What tells programs of this terminal. */
const terminal = ['TERM', 'COLORTERM', 'LANG', 'NO_COLOR'] as const;

/** The exit code. */
export async function execInWorkspace(options: WorkspaceExec): Promise<number> {
  const { command, container, args } = options;
  const socket = process.env.SSH_AUTH_SOCK;
  const forward = socket ? await forwardSshAgent({ command, container, socket }) : undefined;
  if (socket && forward === undefined)
    note(`${errorColors.yellow('note')} the container cannot take the SSH agent`);
  const own = terminal.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  try {
    return await execInContainer({
      command,
      container,
      args,
      directory: agentWorkspace,
      environment: {
        ...Object.fromEntries(own),
        ...(forward === undefined ? {} : { SSH_AUTH_SOCK: forward.path }),
      },
    });
  } finally {
    forward?.close();
  }
}

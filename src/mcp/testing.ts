/** For tests: tools over a directory, with a client in the same process and, if wanted, a real session. */
import type { Client } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import { asMcpClient, type McpClient } from '../../test/support/mcp.ts';
import type { Made } from '../../test/support/tree.ts';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { CaiError } from '../errors.ts';
import { connectInProcess } from './in-process.ts';
import type { SessionPort } from './port.ts';
import type { Workspace, WorkspaceInput } from './workspace.ts';
import { openWorkspace } from './workspace.ts';

/** A port where no session is. */
export function noSession(): SessionPort {
  return {
    side: 'local',
    isUp: () => false,
    ready: () => Promise.resolve(),
    follow: () => () => undefined,
    close: () => undefined,
    call: () =>
      Promise.reject(new CaiError('NO_SESSION', 'There is no session.', { next: 'Start one.' })),
  };
}

export interface Tools extends Omit<McpClient, 'stderr'> {
  readonly root: string;
  readonly workspace: Workspace;
  readonly client: Client;
}

/** A directory with these files and the tools over it, until the test ends. */
export async function useTools(
  spec: Readonly<Record<string, Made>> = {},
  input: Partial<WorkspaceInput> = {},
): Promise<Tools> {
  const root = input.root ?? temporaryDirectory();
  makeTree(root, spec);
  const workspace = openWorkspace({ port: noSession(), ...input, root });
  const { client, close } = await connectInProcess(workspace, 'test-client');
  onTestFinished(async () => {
    await close();
    workspace.close();
  });
  return { ...asMcpClient(client), root, workspace };
}

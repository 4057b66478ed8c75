/** For tests: tools over a directory, with a client in the same process and, if wanted, a real session. */
import type { Client } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import { asMcpClient, type McpClient } from '../../test/support/mcp.ts';
import type { Made } from '../../test/support/tree.ts';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { connectInProcess } from './in-process.ts';
import { noSession } from './no-session.ts';
import type { Workspace, WorkspaceInput } from './workspace.ts';
import { openWorkspace } from './workspace.ts';

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

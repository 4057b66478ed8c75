/** For tests: tools over a directory, with a client in the same process and, if wanted, a real session. */
import type { Client } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import { asMcpClient, type McpClient } from '../../test/support/mcp.ts';
import type { Made } from '../../test/support/tree.ts';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import type { CallName, Calls } from '../control/api.ts';
import { runCall } from '../control/calls.ts';
import type { CallOptions } from '../control/client.ts';
import { withPaths } from '../control/event-lines.ts';
import { fakeRecord } from '../control/fake-session.ts';
import type { Pair } from '../session/testing.ts';
import { testOptions } from '../session/testing.ts';
import { connectInProcess } from './in-process.ts';
import { noSession } from './no-session.ts';
import type { SessionPort } from './port.ts';
import type { Workspace, WorkspaceInput } from './workspace.ts';
import { openWorkspace } from './workspace.ts';

/** The port of a session that runs in this process; the tools work on its local side. */
export function portOf({ session, store, local, container }: Pair): SessionPort {
  const record = { ...fakeRecord({ local, container }), options: testOptions };
  const context = { record, session, store, stop: () => undefined };
  return {
    side: 'local',
    isUp: () => true,
    ready: () => Promise.resolve(),
    close: () => undefined,
    follow(follower) {
      follower.onUp?.(session.status());
      return session.onEvent((event, paths) => follower.onEvent?.(withPaths(event, paths)));
    },
    async call<N extends CallName>(call: N, params: Calls[N]['params'], options: CallOptions = {}) {
      const { signal = new AbortController().signal } = options;
      const incoming = { call, params: params as Record<string, unknown> };
      return (await runCall(incoming, context, signal)) as Calls[N]['result'];
    },
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

/** Makes an MCP server for one connection or request, over a workspace that outlives it. */
import type { McpServerOptions, ServerContext } from '@modelcontextprotocol/server';
import { McpServer } from '@modelcontextprotocol/server';
import { authorName } from './author.ts';
import { registerResources } from './resources.ts';
import { registerTool } from './tool.ts';
import { toolsFor } from './tools/table.ts';
import type { Workspace } from './workspace.ts';

declare const __CAI_VERSION__: string;

/** Counted over arrays and objects in the arguments of one call. */
const maxElements = 20_000;

const instructions = `The workspace is one directory that cai keeps the same on the user's machine and in a container.
Files are named relative to it. Every change is carried to the other side within milliseconds; the answer to an edit says when it is there.
Before you change a file that others may edit too, read it and give its digest as expected_digest.
Whatever is replaced or removed stays in the history: see history, restore and undo. If something does not arrive, look at sync_status.`;

export interface ServerInput {
  readonly workspace: Workspace;
  readonly era: 'legacy' | 'modern';
  /** Signs the changes of clients that do not say who they are. */
  readonly author?: string | undefined;
  /** For servers with more than our own tools. */
  readonly options?: Pick<McpServerOptions, 'capabilities' | 'requestState'>;
}

/** Made for each connection; `attachUpdates` makes it tell what is new. */
export function createServer(input: ServerInput): McpServer {
  const { workspace, era, author: fallback = 'mcp', options = {} } = input;
  const info = { name: 'cai', title: 'cai workspace', version: __CAI_VERSION__ };
  const server = new McpServer(info, {
    instructions,
    maxToolInputElements: maxElements,
    capabilities: {
      // The lists are the same for as long as the server runs.
      tools: { listChanged: false },
      resources: { subscribe: true, listChanged: false },
      ...(era === 'legacy' ? { logging: {} } : {}),
      ...options.capabilities,
    },
    ...(options.requestState === undefined ? {} : { requestState: options.requestState }),
  });
  const author = (context: ServerContext) => authorName(server, context, fallback);
  for (const tool of toolsFor(workspace)) registerTool(server, tool, { workspace, author });
  registerResources(server, workspace);
  return server;
}

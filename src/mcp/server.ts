/** Makes an MCP server for one connection or request, over a workspace that outlives it. */
import type { ServerContext } from '@modelcontextprotocol/server';
import { McpServer } from '@modelcontextprotocol/server';
import { authorName } from './author.ts';
import { registerTool } from './tool.ts';
import { tools } from './tools/table.ts';
import type { Workspace } from './workspace.ts';

declare const __CAI_VERSION__: string;

/** Counted over arrays and objects in the arguments of one call. */
const maxElements = 20_000;

const instructions = `The workspace is one directory that cai keeps the same on the user's machine and in a container.
Files are named relative to it. Every change is carried to the other side within milliseconds; the answer to an edit says when it is there.
Before you change a file that others may edit too, read it and give its digest as expected_digest.
Whatever is replaced or removed stays in the history: see history, restore and undo. If something does not arrive, look at sync_status.`;

/** `defaultAuthor` signs the changes of clients that do not say who they are. */
export function createServer(workspace: Workspace, defaultAuthor = 'mcp'): McpServer {
  const info = { name: 'cai', title: 'cai workspace', version: __CAI_VERSION__ };
  const server = new McpServer(info, { instructions, maxToolInputElements: maxElements });
  const author = (context: ServerContext) => authorName(server, context, defaultAuthor);
  for (const tool of tools) registerTool(server, tool, { workspace, author });
  return server;
}

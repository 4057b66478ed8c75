/** Serves MCP on stdin and stdout, both eras, until the client closes its end. Nothing else may write to stdout. */
import type { McpRequestContext } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { attachUpdates } from './attach.ts';
import { createServer } from './server.ts';
import type { Workspace } from './workspace.ts';

const maxMessageBytes = 24 * 1024 * 1024;

export interface StdioInput {
  readonly workspace: Workspace;
  readonly author?: string;
  /** Reports what went wrong, on stderr. */
  readonly onError: (message: string) => void;
}

/** Resolves when the client has gone. */
export async function serveOnStdio({ workspace, author, onError }: StdioInput): Promise<void> {
  const maxBufferSize = maxMessageBytes;
  const transport = new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize });
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    process.stdout.once('error', () => resolve());
  });
  const make = ({ era }: McpRequestContext) => {
    const server = createServer({ workspace, era, author });
    attachUpdates(server, workspace.updates, era);
    return server;
  };
  const handle = serveStdio(make, { transport, onerror: ({ message }) => onError(message) });
  await ended;
  await handle.close();
  workspace.close();
}

/** Serves MCP on stdin and stdout, both eras, until the client closes its end. Nothing else may write to stdout. */
import type { McpRequestContext } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { attachUpdates } from './attach.ts';
import type { Listens } from './listens.ts';
import { createListens, urisOfListen } from './listens.ts';
import { createServer } from './server.ts';
import type { Workspace } from './workspace.ts';

const maxMessageBytes = 24 * 1024 * 1024;

export interface StdioInput {
  readonly workspace: Workspace;
  readonly author?: string;
  /** Ends it before the client does. */
  readonly signal: AbortSignal;
  /** Reports what went wrong, on stderr. */
  readonly onError: (message: string) => void;
}

/** Resolves when the client has gone, or after the signal. */
export async function serveOnStdio(input: StdioInput): Promise<void> {
  const { workspace, author, signal, onError } = input;
  const maxBufferSize = maxMessageBytes;
  const transport = new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize });
  const listens = createListens();
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    process.stdout.once('error', () => resolve());
    signal.addEventListener('abort', () => resolve());
  });
  const make = ({ era }: McpRequestContext) => {
    const server = createServer({ workspace, era, author });
    attachUpdates(server, workspace.updates, era === 'modern' ? listens : undefined);
    return server;
  };
  const handle = serveStdio(make, { transport, onerror: ({ message }) => onError(message) });
  noteListens(transport, listens);
  await ended;
  await handle.close();
  workspace.close();
}

/** Reads along what the client wants to hear of; the SDK answers. */
function noteListens(transport: StdioServerTransport, listens: Listens): void {
  const { onmessage } = transport;
  transport.onmessage = (message) => {
    if ('method' in message) {
      if (message.method === 'subscriptions/listen' && 'id' in message)
        listens.open(message.id, urisOfListen(message));
      else if (message.method === 'notifications/cancelled')
        listens.close(message.params?.requestId);
    }
    onmessage?.(message);
  };
}

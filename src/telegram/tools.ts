/** The workspace's tools, called in the name of the one who asks: a client for each, so that the history knows who it was. */
import { toCaiError } from '../errors.ts';
import type { InProcess } from '../mcp/in-process.ts';
import { connectInProcess } from '../mcp/in-process.ts';
import type { Workspace } from '../mcp/workspace.ts';
import type { Arguments, ListedTool } from './arguments.ts';
import type { ToolResult } from './present.ts';

export interface Tools {
  list(): Promise<readonly ListedTool[]>;
  call(input: ToolCallInput): Promise<ToolResult>;
  close(): Promise<void>;
}

export interface ToolCallInput {
  readonly user: number;
  readonly tool: string;
  readonly args: Arguments;
  readonly signal: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

const callMs = 15 * 60_000;
const maxClients = 100;

/** The name that the history has for a user. */
export function authorOf(user: number): string {
  return `telegram:${user}`;
}

export function openTools(workspace: Workspace): Tools {
  const clients = new Map<number, Promise<InProcess>>();
  let listed: Promise<readonly ListedTool[]> | undefined;

  function clientOf(user: number): Promise<InProcess> {
    const found = clients.get(user) ?? connectInProcess(workspace, authorOf(user));
    clients.set(user, found);
    const oldest = [...clients.keys()][0];
    if (clients.size > maxClients && oldest !== undefined) {
      void clients.get(oldest)?.then(({ close }) => close());
      clients.delete(oldest);
    }
    return found;
  }

  return {
    list() {
      listed ??= clientOf(0).then(
        async ({ client }) => (await client.listTools()).tools as readonly ListedTool[],
      );
      return listed;
    },
    async call({ user, tool, args, signal, onProgress }) {
      try {
        const { client } = await clientOf(user);
        const result = await client.callTool(
          { name: tool, arguments: { ...args } },
          {
            signal,
            timeout: callMs,
            ...(onProgress === undefined
              ? {}
              : { onprogress: ({ message = '' }) => onProgress(message) }),
          },
        );
        const texts = result.content.map((part) =>
          part.type === 'text' ? part.text : `[${part.type}]`,
        );
        const data = (result.structuredContent ?? {}) as ToolResult['data'];
        return { text: texts.join('\n'), failed: result.isError === true, data };
      } catch (error) {
        if (signal.aborted) throw error;
        return { text: toCaiError(error).message, failed: true, data: {} };
      }
    },
    async close() {
      for (const client of clients.values()) await (await client).close();
    },
  };
}

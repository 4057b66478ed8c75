/** A real MCP client, of the official SDK, at the built command. */
import type { CallToolResult } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, onTestFinished } from 'vitest';
import type { ErrorJson } from '../../src/errors.ts';
import { builtCli } from './built.ts';
import type { Cai } from './cai.ts';

export type Era = 'legacy' | 'modern';
export const eras: readonly Era[] = ['legacy', 'modern'];

export interface McpClient {
  readonly client: Client;
  /** What the server said on stderr. */
  stderr(): string;
  /** Calls a tool, which must succeed; its structured content. */
  use<T = Readonly<Record<string, unknown>>>(
    name: string,
    args?: Record<string, unknown>,
  ): Promise<T>;
  /** As use, the text of the answer. */
  say(name: string, args?: Record<string, unknown>): Promise<string>;
  /** Calls a tool, which must fail. */
  refuse(name: string, args?: Record<string, unknown>): Promise<ErrorJson>;
  close(): Promise<void>;
}

/** Negotiates 2026-07-28 or an older revision. */
export function newClient(era: Era, name = 'test-client'): Client {
  const mode = era === 'modern' ? { pin: '2026-07-28' } : ('legacy' as const);
  return new Client({ name, version: '1.2.3' }, { versionNegotiation: { mode } });
}

/** Starts `cai mcp ARGS` and connects. */
export async function connectStdio(
  cai: Cai,
  args: readonly string[],
  { era = 'modern', name = 'test-client' }: { readonly era?: Era; readonly name?: string } = {},
): Promise<McpClient> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [builtCli(), 'mcp', ...args],
    env: { ...(process.env as Record<string, string>), CAI_STATE_DIR: cai.stateDirectory },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const client = newClient(era, name);
  await client.connect(transport);
  const close = () => client.close();
  onTestFinished(close);
  return { ...asMcpClient(client), stderr: () => stderr, close };
}

/** The short forms for a client that is connected. */
export function asMcpClient(client: Client): Omit<McpClient, 'stderr'> {
  const call = async (name: string, args: Record<string, unknown> = {}) =>
    (await client.callTool({ name, arguments: args })) as CallToolResult;
  const good = async (name: string, args?: Record<string, unknown>) => {
    const result = await call(name, args);
    if (result.isError) throw new Error(`${name}: ${textOf(result)}`);
    return result;
  };
  return {
    client,
    use: async <T>(name: string, args?: Record<string, unknown>) =>
      (await good(name, args)).structuredContent as T,
    say: async (name, args) => textOf(await good(name, args)),
    async refuse(name, args) {
      const result = await call(name, args);
      expect(textOf(result), `${name} was to fail`).toSatisfy(() => result.isError === true);
      return (result._meta?.['cai/error'] ?? {
        code: 'SCHEMA',
        message: textOf(result),
      }) as ErrorJson;
    },
    close: () => client.close(),
  };
}

export function textOf({ content }: Pick<CallToolResult, 'content'>): string {
  return content
    .map((block) => (block.type === 'text' ? block.text : `[${block.type}]`))
    .join('\n');
}

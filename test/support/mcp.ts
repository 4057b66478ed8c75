/** A real MCP client, of the official SDK, at the built command. */
import { spawn } from 'node:child_process';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, onTestFinished } from 'vitest';
import type { ErrorJson } from '../../src/errors.ts';
import { builtCli } from './built.ts';
import type { Cai } from './cai.ts';
import type { Container } from './container.ts';
import { waitFor } from './wait.ts';

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

interface Connecting {
  readonly era?: Era;
  readonly name?: string;
}

/** Starts `cai mcp ARGS` and connects. */
export function connectStdio(
  cai: Cai,
  args: readonly string[],
  connecting: Connecting = {},
): Promise<McpClient> {
  const command = [process.execPath, builtCli(), 'mcp', ...args];
  return connectTo(command, { CAI_STATE_DIR: cai.stateDirectory }, connecting);
}

/** Starts `cai mcp --in-container` in a container where dist/ is at /cai, and connects. */
export function connectInContainer(
  { name }: Pick<Container, 'name'>,
  root: string,
  { args = [], ...connecting }: Connecting & { readonly args?: readonly string[] } = {},
): Promise<McpClient> {
  const command = ['docker', 'exec', '-i', name, 'node', '/cai/cai.js', 'mcp', root];
  return connectTo([...command, '--in-container', ...args], {}, connecting);
}

async function connectTo(
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  { era = 'modern', name = 'test-client' }: Connecting,
): Promise<McpClient> {
  const all = { ...(process.env as Record<string, string>), ...env };
  const transport = new StdioClientTransport({ command, args, env: all, stderr: 'pipe' });
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

export interface HttpTarget {
  readonly url: string;
  readonly token: string;
}

/** Connects over streamable HTTP. */
export async function connectHttp(
  { url, token }: HttpTarget,
  { era = 'modern', name = 'test-client' }: { readonly era?: Era; readonly name?: string } = {},
): Promise<Omit<McpClient, 'stderr'>> {
  const client = newClient(era, name);
  const headers = { Authorization: `Bearer ${token}` };
  const options = { requestInit: { headers } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), options));
  onTestFinished(() => client.close());
  return asMcpClient(client);
}

export interface Served extends HttpTarget {
  /** All that the server said, on stdout and stderr. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts `cai serve ARGS` at a free port; stop it at the end. */
export async function serve(cai: Cai, args: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [builtCli(), 'serve', ...args, '--port', '0', '--json'], {
    env: { ...process.env, CAI_STATE_DIR: cai.stateDirectory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const { url } = await waitFor(() => JSON.parse(output) as { url: string }, { what: output });
  const { token } = await cai.json<{ token: string }>(['serve', '--show-token']);
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { url, token, output: () => output, stop };
}

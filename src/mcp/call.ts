/** Calls tools of an MCP server over streamable HTTP, for people and scripts. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { CaiError } from '../errors.ts';
import { toolArguments } from './call-arguments.ts';

export interface Endpoint {
  readonly url: string;
  readonly token: string;
}

export interface CallInput {
  readonly tool: string;
  /** Of the command line. */
  readonly words: readonly string[];
  readonly signal: AbortSignal;
}

export interface Called {
  readonly text: string;
  readonly isError: boolean;
  readonly data: unknown;
}

const callMs = 10 * 60_000;

/** Throws LINK when nobody answers, USAGE for a tool or an argument that is not there. */
export async function callTool(endpoint: Endpoint, input: CallInput): Promise<Called> {
  const { signal } = input;
  return withClient(endpoint, signal, async (client) => {
    const { tools } = await client.listTools({}, { signal });
    const tool = tools.find(({ name }) => name === input.tool);
    if (tool === undefined) {
      const names = tools.map(({ name }) => name).join(', ');
      throw new CaiError('USAGE', `There is no tool ${input.tool}.`, {
        next: `There are: ${names}.`,
      });
    }
    const call = { name: tool.name, arguments: toolArguments(tool.inputSchema, input.words) };
    const options = { timeout: callMs, signal };
    const { content, isError, structuredContent } = await client.callTool(call, options);
    const texts = content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`));
    return { text: texts.join('\n'), isError: isError === true, data: structuredContent ?? null };
  });
}

export async function listTools(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly title: string }[]> {
  return withClient(endpoint, signal, async (client) => {
    const { tools } = await client.listTools({}, { signal });
    return tools.map(({ name, title = '' }) => ({ name, title }));
  });
}

async function withClient<T>(
  { url, token }: Endpoint,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(
    { name: 'cai-call', version: '1' },
    { versionNegotiation: { mode: 'auto' } },
  );
  const headers = { authorization: `Bearer ${token}` };
  let isOpen = false;
  // The SDK takes no signal for its beginning. Later a cancelled call still has to be told.
  const fetchOrEnd = (at: string | URL, init: RequestInit = {}): Promise<Response> => {
    const signals = [init.signal ?? signal, signal];
    return fetch(at, isOpen ? init : { ...init, signal: AbortSignal.any(signals) });
  };
  const options = { requestInit: { headers }, fetch: fetchOrEnd };
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url), options));
    isOpen = true;
  } catch (cause) {
    if (signal.aborted) throw cancelled(cause);
    throw new CaiError(
      'LINK',
      `The MCP server at ${url} does not answer as it should: ${why(cause)}`,
      {
        next: 'Look whether `cai serve` runs there, and whether the token is the right one.',
        cause,
      },
    );
  }
  try {
    return await work(client);
  } catch (error) {
    throw signal.aborted ? cancelled(error) : error;
  } finally {
    await client.close();
  }
}

function cancelled(cause: unknown): CaiError {
  return new CaiError('CANCELLED', 'The call was cancelled.', { cause });
}

function why(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = (cause as Error | undefined)?.message;
  return inner === undefined || inner === '' ? message : `${message} (${inner})`;
}

/** Who calls, as a name for the history: what the client says it is called, made harmless. */
import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { CLIENT_INFO_META_KEY } from '@modelcontextprotocol/server';
import { isAuthorName } from '../control/claims.ts';

const maxChars = 64;

export function authorName(server: McpServer, { mcpReq }: ServerContext, fallback: string): string {
  // The modern revision says it with every request, the older ones once.
  const envelope = mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  // oxlint-disable-next-line typescript/no-deprecated -- the older revisions have nothing else
  const said = envelope?.[CLIENT_INFO_META_KEY] ?? server.server.getClientVersion();
  const name = (said as { readonly name?: unknown } | undefined)?.name;
  return typeof name === 'string' ? toAuthorName(name, fallback) : fallback;
}

/** A name that the history takes, made of any text. */
export function toAuthorName(text: string, fallback: string): string {
  const plain = text.slice(0, 4 * maxChars).replace(/[^\w .@/+:()-]+/g, '-');
  const name = plain.replace(/^\W+/, '').slice(0, maxChars).trim();
  const isFree: boolean = isAuthorName(name);
  if (isFree) return name;
  // "undo" and the like are what cai itself signs with.
  return name === '' ? fallback : `mcp ${name}`.slice(0, maxChars);
}

/**
 * Tells the client of one connection what is new, until the connection ends. In the older revisions a client
 * subscribes to URIs and gets alerts as log messages; in the newer one it opens streams, and the SDK keeps
 * account of what each wants.
 */
import type { McpServer } from '@modelcontextprotocol/server';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Alert, Followed, Updates } from './updates.ts';

/** What one client can follow; it is told so, when it wants more. */
export const maxFollowed = 1000;

/** Without `listens` the client speaks an older revision; else they say what it follows. */
export function attachUpdates(server: McpServer, updates: Updates, listens?: Followed): void {
  const { server: connection } = server;
  const stop = updates.listen({
    followed: listens ?? subscriptions(server),
    // Whoever has gone needs to be told nothing.
    onUpdate: (uri) => void connection.sendResourceUpdated({ uri }).catch(() => undefined),
    ...(listens === undefined ? { onAlert: (alert: Alert) => tellAlert(server, alert) } : {}),
  });
  const { onclose } = connection;
  connection.onclose = () => {
    stop();
    onclose?.();
  };
}

export const tooMany = `At most ${maxFollowed} resources can be followed at a time.`;

/** The URIs to which the client has subscribed. */
function subscriptions({ server }: McpServer): ReadonlySet<string> {
  const wanted = new Set<string>();
  server.setRequestHandler('resources/subscribe', ({ params }) => {
    if (wanted.size >= maxFollowed && !wanted.has(params.uri))
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, tooMany);
    wanted.add(params.uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    wanted.delete(params.uri);
    return {};
  });
  return wanted;
}

function tellAlert(server: McpServer, { level, about, message, next }: Alert): void {
  const data = { about, message, ...(next === undefined ? {} : { next }) };
  // oxlint-disable-next-line typescript/no-deprecated -- the older revisions have no other way
  server.sendLoggingMessage({ level, logger: 'cai', data }).catch(() => undefined);
}

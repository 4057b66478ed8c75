/**
 * Tells the client of one connection what is new, until the connection ends. In the older revisions a client
 * subscribes to URIs and gets alerts as log messages; in the newer one it opens streams, and the SDK keeps
 * account of what each wants.
 */
import type { McpServer } from '@modelcontextprotocol/server';
import type { Alert, Updates } from './updates.ts';
import { fileUri } from './uris.ts';

const maxSubscriptions = 1000;
const files = fileUri('');

export function attachUpdates(server: McpServer, updates: Updates, era: 'legacy' | 'modern'): void {
  const { server: connection } = server;
  // Whoever has gone needs to be told nothing.
  const send = (uri: string) => void connection.sendResourceUpdated({ uri }).catch(() => undefined);
  const wanted = era === 'legacy' ? subscriptions(server) : undefined;
  const stop = updates.listen({
    onUpdate(uri) {
      if (wanted === undefined || wanted.has(uri)) send(uri);
    },
    onManyFiles() {
      for (const uri of wanted ?? []) if (uri.startsWith(files)) send(uri);
    },
    onAlert(alert) {
      if (era === 'legacy') tellAlert(server, alert);
    },
  });
  const { onclose } = connection;
  connection.onclose = () => {
    stop();
    onclose?.();
  };
}

/** The URIs to which the client has subscribed. */
function subscriptions({ server }: McpServer): ReadonlySet<string> {
  const wanted = new Set<string>();
  server.setRequestHandler('resources/subscribe', ({ params }) => {
    if (wanted.size < maxSubscriptions) wanted.add(params.uri);
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

/** A client of the tools in the same process: no socket, no child, the same server. For the chat bot, and for tests. */
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { attachUpdates } from './attach.ts';
import { createServer } from './server.ts';
import type { Workspace } from './workspace.ts';

declare const __CAI_VERSION__: string;

export interface InProcess {
  readonly client: Client;
  /** Ends the connection; the workspace stays open. */
  close(): Promise<void>;
}

/**
 * Connects; `name` signs the changes in the history. Alerts (conflicts, holds, a lost link) come as
 * `notifications/message`, resources that were subscribed to as `notifications/resources/updated`.
 */
export async function connectInProcess(workspace: Workspace, name: string): Promise<InProcess> {
  // The in-memory transport speaks the older revisions only.
  const server = createServer({ workspace, era: 'legacy', author: name });
  attachUpdates(server, workspace.updates);
  const [near, far] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name, version: __CAI_VERSION__ });
  await server.connect(far);
  await client.connect(near);
  return {
    client,
    async close() {
      await client.close();
      await server.close();
    },
  };
}

/** The resources: the session's status, conflicts and events, and every file by its URI. */
import type { McpServer, ReadResourceResult } from '@modelcontextprotocol/server';
import { ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server';
import { CaiError, toCaiError } from '../errors.ts';
import { pathFault } from '../tree/path.ts';
import { withSpot } from './disk/descend.ts';
import { readWhole } from './disk/read.ts';
import { mimeType } from './media.ts';
import { textOf } from './text.ts';
import { toConflict } from './tools/session-shapes.ts';
import { statusData } from './tools/sync-status.ts';
import { conflictsUri, eventsUri, fileTemplate, pathOfUri, statusUri } from './uris.ts';
import type { Workspace } from './workspace.ts';

const maxFileBytes = 8 * 1024 * 1024;
/** What is told is of now: clients ask again, or subscribe. */
const cacheHint = { ttlMs: 0, cacheScope: 'private' } as const;

export function registerResources(server: McpServer, workspace: Workspace): void {
  const json = { mimeType: 'application/json', cacheHint } as const;
  server.registerResource(
    'status',
    statusUri,
    { ...json, title: 'Sync status', description: 'As sync_status answers.' },
    async (_, { mcpReq }) => toJson(statusUri, await statusData(workspace, mcpReq.signal)),
  );
  server.registerResource(
    'conflicts',
    conflictsUri,
    {
      ...json,
      title: 'Conflicts',
      description: 'As list_conflicts answers: open and settled ones.',
    },
    async (_, { mcpReq }) => toJson(conflictsUri, await conflicts(workspace, mcpReq.signal)),
  );
  server.registerResource(
    'events',
    eventsUri,
    { ...json, title: 'Events', description: 'The last events of the session, oldest first.' },
    () => toJson(eventsUri, { events: workspace.updates.events() }),
  );
  server.registerResource(
    'file',
    new ResourceTemplate(fileTemplate, { list: undefined }),
    { title: 'A file', description: 'A file of the workspace by its path.', cacheHint },
    (uri) => readFileResource(workspace, uri.href),
  );
}

async function conflicts(workspace: Workspace, signal: AbortSignal) {
  try {
    const status = await workspace.port.call('status', {}, { signal });
    return { conflicts: status.conflicts.map(toConflict) };
  } catch (error) {
    if (toCaiError(error).code !== 'NO_SESSION') throw error;
    return { conflicts: [] };
  }
}

async function readFileResource(workspace: Workspace, uri: string): Promise<ReadResourceResult> {
  const path = pathOfUri(uri);
  if (path === undefined || pathFault(path) !== undefined) throw new ResourceNotFoundError(uri);
  try {
    return await withSpot({ root: workspace.root, path }, async (spot) => {
      workspace.access.check(path, 'read');
      workspace.access.check(spot.path, 'read');
      const { bytes } = await readWhole(spot, workspace.root, maxFileBytes);
      const text = textOf(bytes);
      const about = { uri, mimeType: mimeType(spot.path, text !== undefined) };
      const content = text === undefined ? { blob: bytes.toString('base64') } : { text };
      return { contents: [{ ...about, ...content }] };
    });
  } catch (thrown) {
    const { code, message } = toCaiError(thrown);
    if (code === 'NOT_FOUND') throw new ResourceNotFoundError(uri);
    throw new CaiError(code, `${code}: ${message}`, { cause: thrown });
  }
}

function toJson(uri: string, value: unknown): ReadResourceResult {
  const text = JSON.stringify(value, null, 2);
  return { contents: [{ uri, mimeType: 'application/json', text }] };
}

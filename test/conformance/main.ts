/**
 * The server that the conformance suite tests: ours, over our HTTP, with the suite's fixtures beside our own tools.
 * Only the token is not asked for, which the suite cannot send. Prints its address.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { McpServer } from '@modelcontextprotocol/server';
import { addressGuard } from '../../src/mcp/http/guard.ts';
import { serveHttp } from '../../src/mcp/http/serve.ts';
import { noSession } from '../../src/mcp/no-session.ts';
import { createServer } from '../../src/mcp/server.ts';
import { openWorkspace } from '../../src/mcp/workspace.ts';
import { registerInputs, verifyState } from './inputs.ts';
import { registerPrompts, registerResources } from './resources.ts';
import { registerTools } from './tools.ts';

const root = mkdtempSync(join(tmpdir(), 'cai-conformance-'));
const workspace = openWorkspace({ root, port: noSession() });

function makeServer(era: 'legacy' | 'modern'): McpServer {
  const capabilities = { logging: {}, completions: {}, prompts: { listChanged: false } };
  const server = createServer({
    workspace,
    era,
    options: { capabilities, requestState: { verify: verifyState } },
  });
  registerTools(server);
  registerInputs(server);
  registerResources(server);
  registerPrompts(server);
  return server;
}

const { updates } = workspace;
const server = await serveHttp({
  makeServer,
  updates,
  guard: addressGuard([]),
  host: '127.0.0.1',
  port: 0,
  onError: () => undefined,
});
process.stdout.write(`${server.url}\n`);
process.once('SIGTERM', () => {
  rmSync(root, { recursive: true, force: true });
  process.exit();
});

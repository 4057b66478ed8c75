/** The configurations in docs/mcp.md start a server: each is read out of the page and tried with a real client. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { parse } from 'smol-toml';
import { expect, onTestFinished, test } from 'vitest';
import { home } from '../../scripts/fresh.mjs';
import { toolsFor } from '../../src/mcp/tools/table.ts';
import { builtCli } from '../support/built.ts';
import { newCai } from '../support/cai.ts';
import { connectHttp, newClient, serve } from '../support/mcp.ts';
import { temporaryDirectory } from '../support/tree.ts';

const page = readFileSync(join(home, 'docs', 'mcp.md'), 'utf8');

interface Server {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** All servers that the blocks of a language define. */
function serversOf(language: 'json' | 'toml'): Server[] {
  const blocks = [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))];
  return blocks.flatMap(([, text = '']) => {
    const config = (language === 'json' ? JSON.parse(text) : parse(text)) as Record<
      string,
      Record<string, Server>
    >;
    return Object.values(config).flatMap((servers) => Object.values(servers));
  });
}

const servers = [...serversOf('json'), ...serversOf('toml')];
const added = /^claude mcp add cai -- (.*)$/m.exec(page)?.[1]?.split(' ') ?? [];
const commands = [
  ...servers
    .filter(({ command }) => command !== undefined)
    .map(({ command, args = [] }) => [command, ...args]),
  added,
];

test('the page has configurations for the common clients', () => {
  expect(commands.length).toBeGreaterThanOrEqual(5);
  for (const name of [
    'Claude Code',
    'Cursor',
    'VS Code',
    'Windsurf',
    'Zed',
    'Codex',
    'Gemini CLI',
    'Claude\nDesktop',
  ])
    expect(page).toContain(name);
});

// What several clients have in common is tried once.
const different = new Map(commands.map((command) => [command.join(' '), command]));

test.each([...different])('%s', async (_, command) => {
  expect(command[0]).toBe('cai');
  const cwd = temporaryDirectory();
  const args = command.slice(1).map((arg) => arg?.replace(/^\$\{workspaceFolder\}$/, cwd) ?? '');
  const env = {
    ...(process.env as Record<string, string>),
    CAI_STATE_DIR: newCai().stateDirectory,
  };
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [builtCli(), ...args],
    cwd,
    env,
  });
  const client = newClient('legacy');
  await client.connect(transport);
  onTestFinished(() => client.close());
  const { structuredContent } = await client.callTool({ name: 'workspace_info', arguments: {} });
  expect(structuredContent).toMatchObject({ workspace: cwd });
});

test('the configuration for HTTP names the address and the header', async () => {
  const cai = newCai();
  const server = await serve(cai, [temporaryDirectory()]);
  onTestFinished(server.stop);
  const [http] = servers.filter(({ url }) => url !== undefined);
  expect(new URL(http?.url ?? '').pathname).toBe(new URL(server.url).pathname);
  expect(http?.headers).toEqual({ Authorization: 'Bearer TOKEN' });
  const { stdout } = await cai.run(['serve', '--show-token']);
  await connectHttp({ url: server.url, token: stdout.trim() }, { era: 'legacy' });
});

test('the page names every tool', () => {
  for (const { name } of toolsFor({ allowExec: true })) expect(page).toContain(`\`${name}\``);
});

/** `cai serve`: the workspace and its sync as MCP tools, over streamable HTTP. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Token } from '../mcp/http/token.ts';
import type { Workspace } from '../mcp/workspace.ts';
import { note, print, printJson } from './output.ts';
import { addWorkspaceOptions, openHere, type WorkspaceFlags } from './workspace-options.ts';

const examples = `
Every request needs the bearer token; it is made on the first start and kept in a file that only you can
read. On a terminal it is shown, else see it with --show-token. /health answers without it.

Examples:
  $ cai serve                                for the session around the current directory
  $ cai serve ~/src/web --port 4041
  $ cai serve --host 0.0.0.0 --allow-host devbox   for other machines that call it devbox
  $ cai serve --show-token                   print the token and end
`;

interface Flags extends WorkspaceFlags {
  readonly host: string;
  readonly port: number;
  readonly allowHost?: readonly string[];
  readonly tokenFile?: string;
  readonly newToken?: true;
  readonly showToken?: true;
  readonly json?: true;
}

export function define(command: Command): void {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  addWorkspaceOptions(command)
    .option('--host <address>', 'address to listen at', '127.0.0.1')
    .option('--port <number>', 'port', portNumber, 4040)
    .option(
      '--allow-host <name>',
      'a name besides localhost in Host and Origin; may be repeated',
      collect,
    )
    .option('--token-file <file>', 'where the token is kept (default: in the state directory)')
    .option('--new-token', 'make a new token; the old one is worth nothing any more')
    .option('--show-token', 'print the token and end')
    .option('--json', 'print the address as JSON')
    .addHelpText('after', examples)
    .action(serve);
}

async function serve(directory: string | undefined, flags: Flags): Promise<void> {
  const { openToken } = await import('../mcp/http/token.ts');
  const file = flags.tokenFile === undefined ? {} : { file: flags.tokenFile };
  const token = openToken({ ...file, renew: flags.newToken === true });
  if (flags.showToken === true) {
    if (flags.json === true) printJson({ token: token.value, file: token.file ?? null });
    else print(token.value);
    return;
  }
  const workspace = await openHere(directory, flags, note);
  try {
    await serveUntilSignal(workspace, token, flags);
  } finally {
    // Also when the port is taken: the connection to the session would keep the process.
    workspace.close();
  }
  process.exit();
}

async function serveUntilSignal(workspace: Workspace, token: Token, flags: Flags): Promise<void> {
  const [{ serveHttp }, { createServer }, { createGuard }] = await Promise.all([
    import('../mcp/http/serve.ts'),
    import('../mcp/server.ts'),
    import('../mcp/http/guard.ts'),
  ]);
  const server = await serveHttp({
    guard: createGuard(token, flags.allowHost ?? []),
    host: flags.host,
    port: flags.port,
    updates: workspace.updates,
    makeServer: (era) => createServer({ workspace, era }),
    onError: (message) => note(`mcp: ${message}`),
  });
  tell(server.url, { token, root: workspace.root, json: flags.json === true });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
  await server.close();
}

interface Told {
  readonly token: { readonly value: string; readonly file?: string };
  readonly root: string;
  readonly json: boolean;
}

/** What goes into a file or a container's log must not hold the token. */
function tell(url: string, { token, root, json }: Told): void {
  const file = token.file ?? null;
  if (json) {
    printJson({ url, workspace: root, tokenFile: file });
    return;
  }
  print(`MCP server for ${root}`);
  print(`  address  ${url}`);
  if (process.stdout.isTTY) print(`  token    ${token.value}`);
  else print(`  token    ${file === null ? '$CAI_MCP_TOKEN' : `in ${file}`}`);
}

/** Commander's parser of the option. */
function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('Give a port, 0 to 65535.');
}

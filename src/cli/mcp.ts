/** `cai mcp`: the workspace and its sync as MCP tools, over stdin and stdout. */
import type { Command } from 'commander';
import { note } from './output.ts';
import { addWorkspaceOptions, openHere, type WorkspaceFlags } from './workspace-options.ts';

const examples = `
For Claude Code, Cursor and other MCP clients that start their servers themselves. It attaches to the
directory's session, or starts it when containai.toml or an earlier \`cai watch\` says what it is.
Without a session the file tools work all the same.

Examples:
  $ claude mcp add cai -- cai mcp          in Claude Code, for the current project
  $ cai mcp ~/src/web                      for a directory
  $ cai mcp --allow-exec                   with run_command
`;

export function define(command: Command): void {
  addWorkspaceOptions(command).addHelpText('after', examples).action(serve);
}

async function serve(directory: string | undefined, flags: WorkspaceFlags): Promise<void> {
  const workspace = await openHere(directory, flags, note);
  const { serveOnStdio } = await import('../mcp/stdio.ts');
  const stop = new AbortController();
  // Clients end their servers with a signal too, and programs that tools run must not stay behind.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stop.abort());
  const onError = (message: string) => note(`mcp: ${message}`);
  await serveOnStdio({ workspace, signal: stop.signal, onError });
  // What a library left open must not keep the process.
  process.exit();
}

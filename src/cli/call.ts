/** `cai call`: calls a tool of a running MCP server and prints its text. `mcp` in the workspace image is this. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { exitCodes, toCaiError } from '../errors.ts';
import type { Called } from '../mcp/call.ts';
import { interruptible } from './interrupt.ts';
import { note, print, printJson } from './output.ts';

const examples = `
Arguments of the tool are written as options: --file-path x, a list by several words, all else but text as JSON.

Examples:
  $ cai call                                  the tools that there are
  $ cai call sync_status
  $ cai call sync_from_local --path src --exclude '*.log'
  $ cai call edit_file --file-path a.txt --content 'hello'
`;

const retryMs = 300;

interface Flags {
  readonly url: string;
  readonly tokenFile?: string;
  readonly wait: number;
  readonly json?: true;
}

export function define(command: Command): void {
  command
    .argument('[TOOL]', 'tool')
    .argument('[ARGS...]', 'its arguments')
    .option('--url <url>', 'the server', process.env.CAI_MCP_URL || 'http://127.0.0.1:4040/mcp')
    .option('--token-file <file>', 'its token (default: $CAI_MCP_TOKEN, else as `cai serve`)')
    .option('--wait <seconds>', 'wait so long for the server and its session', seconds, 0)
    .option('--json', 'print the structured result as JSON')
    .allowUnknownOption()
    .addHelpText('after', examples)
    .action(call);
}

async function call(
  tool: string | undefined,
  words: readonly string[],
  flags: Flags,
): Promise<void> {
  const [{ openToken }, { callTool, listTools }] = await Promise.all([
    import('../mcp/http/token.ts'),
    import('../mcp/call.ts'),
  ]);
  const file = flags.tokenFile ?? process.env.CAI_MCP_TOKEN_FILE;
  const endpoint = { url: flags.url, token: openToken(file === undefined ? {} : { file }).value };
  if (tool === undefined) {
    const tools = await interruptible((signal) => listTools(endpoint, signal));
    if (flags.json === true) printJson(tools);
    else for (const { name, title } of tools) print(`${name.padEnd(22)} ${title}`);
    return;
  }
  const { text, isError, data } = await interruptible((signal) =>
    patiently(flags.wait, signal, () => callTool(endpoint, { tool, words, signal })),
  );
  if (isError) process.exitCode = exitCodes.UNSETTLED;
  if (flags.json === true) printJson(data);
  else if (isError) note(text);
  else print(text);
}

/** A container that was started a moment ago is about to have both. */
async function patiently(
  wait: number,
  signal: AbortSignal,
  work: () => Promise<Called>,
): Promise<Called> {
  const deadline = Date.now() + wait * 1000;
  for (;;) {
    const isLate = Date.now() > deadline;
    try {
      const called = await work();
      if (isLate || !called.isError || !called.text.startsWith('NO_SESSION')) return called;
    } catch (error) {
      if (isLate || toCaiError(error).code !== 'LINK') throw error;
    }
    await sleep(retryMs, undefined, { signal });
  }
}

/** Commander's parser of the option. */
function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 3600) return value;
  throw new InvalidArgumentError('Give seconds, up to 3600.');
}

/** `cai telegram`: the workspace and its sync from a chat. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { CaiError } from '../errors.ts';
import type { ModelOptions } from '../telegram/model.ts';
import type { Ready } from '../telegram/run.ts';
import { note, print, printJson } from './output.ts';
import { addWorkspaceOptions, openHere, type WorkspaceFlags } from './workspace-options.ts';

const examples = `
The bot's token comes from @BotFather. It is read from $CAI_TELEGRAM_TOKEN, else from a file that only you can
read; never from the command line. Who may talk is on a list; with nobody on it, a code is printed that pairs
the one who sends it. Free text needs a language model: set $ANTHROPIC_API_KEY (docs/telegram.md).

Examples:
  $ cai telegram --save-token            keep the token for later starts; it is read from stdin
  $ cai telegram                         for the session around the current directory
  $ cai telegram ~/src/web --pair        and let one more person in
  $ cai telegram --quiet 22:00-07:00     say nothing by itself at night
`;

interface Flags extends WorkspaceFlags {
  readonly saveToken?: true;
  readonly tokenFile?: string;
  readonly user?: readonly number[];
  readonly pair?: true;
  readonly quiet?: string;
  readonly model?: string | false;
  readonly modelUrl?: string;
  readonly modelKeyFile?: string;
  readonly modelTool?: readonly string[];
  readonly webhook?: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly apiRoot?: string;
  readonly json?: true;
}

export function define(command: Command): void {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  addWorkspaceOptions(command)
    .option('--save-token', 'read the token from stdin, keep it in the token file, and end')
    .option('--token-file <file>', 'where the token is kept (default: in the state directory)')
    .option('--user <id>', 'a user who may talk; may be repeated', userId)
    .option('--pair', 'print a code that lets one more user in')
    .option(
      '--quiet <hours>',
      'say nothing by itself then: 22:00-07:00, or "22:00-07:00 Europe/Berlin"',
    )
    .option('--model <name>', 'language model for free text')
    .option('--no-model', 'use none, though there is a key')
    .option('--model-url <url>', 'where its API is (default: $ANTHROPIC_BASE_URL, else Anthropic)')
    .option('--model-key-file <file>', 'where its key is kept, without $ANTHROPIC_API_KEY')
    .option('--model-tool <tool>', 'one more tool that it may call; may be repeated', collect)
    .option('--webhook <url>', 'let Telegram post to this https URL instead of asking for updates')
    .addOption(
      new Option('--listen <host:port>', 'with --webhook: where to listen')
        .argParser(listenAt)
        .default({ host: '127.0.0.1', port: 8443 }, '127.0.0.1:8443'),
    )
    .option('--api-root <url>', 'a Bot API server of your own')
    .option('--json', 'print what it is ready for as JSON')
    .addHelpText('after', examples)
    .action(telegram);
}

async function telegram(directory: string | undefined, flags: Flags): Promise<void> {
  const secret = await import('../telegram/secret.ts');
  const place = secret.tokenPlace(flags.tokenFile);
  if (flags.saveToken === true) {
    secret.keepSecret(place, secret.checkToken(await readStdin()));
    if (flags.json === true) printJson({ tokenFile: place.file });
    else print(`The token is kept in ${place.file}.`);
    return;
  }
  const token = secret.takeSecret(place);
  if (token === undefined)
    throw new CaiError('CONFIG', 'There is no bot token.', {
      next: 'Get one from @BotFather, then run `cai telegram --save-token` and paste it.',
    });
  secret.checkToken(token);
  checkWebhook(flags);
  const model = await modelOf(flags);
  const [{ runBot }, { readQuiet }] = await Promise.all([
    import('../telegram/run.ts'),
    import('../telegram/quiet.ts'),
  ]);
  const quiet = flags.quiet === undefined ? undefined : readQuiet(flags.quiet);
  const workspace = await openHere(directory, flags, note);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stop.abort());
  const { webhook } = flags;
  const running = runBot({
    token,
    workspace,
    users: flags.user ?? [],
    pair: flags.pair === true,
    quiet,
    model,
    apiRoot: flags.apiRoot,
    webhook: webhook === undefined ? undefined : { url: webhook, ...flags.listen },
    signal: stop.signal,
    say: (line) => note(`telegram: ${line}`),
    onReady: (ready) => tell(ready, { root: workspace.root, model, json: flags.json === true }),
  });
  try {
    await running;
  } finally {
    stop.abort();
    workspace.close();
  }
  // What a library left open must not keep the process.
  process.exit();
}

/** Telegram posts to https only; a server of one's own may do otherwise. */
function checkWebhook({ webhook, apiRoot }: Flags): void {
  if (webhook === undefined || apiRoot !== undefined || /^https:\/\/./.test(webhook)) return;
  throw new CaiError('USAGE', `Telegram does not post to ${webhook}.`, {
    next: 'Give an https URL that leads here, or leave --webhook out.',
  });
}

/** Undefined: no model. */
async function modelOf(flags: Flags): Promise<ModelOptions | undefined> {
  const [secret, defaults] = await Promise.all([
    import('../telegram/secret.ts'),
    import('../telegram/model.ts'),
  ]);
  // Taken out of the environment in any case: programs that tools run must not get it.
  const key = secret.takeSecret(secret.modelKeyPlace(flags.modelKeyFile));
  if (flags.model === false || key === undefined) return undefined;
  return {
    key,
    model: flags.model ?? process.env.CAI_MODEL ?? defaults.defaultModel,
    baseUrl: flags.modelUrl ?? process.env.ANTHROPIC_BASE_URL,
    tools: [...defaults.defaultModelTools, ...(flags.modelTool ?? [])],
    bounds: defaults.defaultBounds,
  };
}

interface Told {
  readonly root: string;
  readonly model: ModelOptions | undefined;
  readonly json: boolean;
}

function tell(ready: Ready, { root, model, json }: Told): void {
  const { bot, users, pairing, port } = ready;
  if (json) {
    printJson({
      bot,
      workspace: root,
      users,
      model: model?.model ?? null,
      pairing: pairing ?? null,
      port: port ?? null,
    });
    return;
  }
  print(`Telegram bot @${bot} for ${root}`);
  print(`  users    ${users.length === 0 ? 'nobody yet' : users.join(', ')}`);
  print(
    `  model    ${model === undefined ? 'none, so free text does nothing (docs/telegram.md)' : model.model}`,
  );
  if (port !== undefined) print(`  webhook  listening at port ${port}`);
  if (pairing === undefined) return;
  print(`  pairing  send  /start ${pairing.code}  to the bot within 10 minutes, or open`);
  print(`           ${pairing.url}`);
}

async function readStdin(): Promise<string> {
  if (process.stdin.isTTY) note('Paste the token from @BotFather, then press Enter and Ctrl-D:');
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text.trim();
}

/** Commander's parser of the option. */
function userId(text: string, before: readonly number[] = []): readonly number[] {
  if (/^\d{1,16}$/.test(text)) return [...before, Number(text)];
  throw new InvalidArgumentError('Give a number: @userinfobot tells it, or pair with --pair.');
}

function listenAt(text: string): Flags['listen'] {
  const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host !== '' && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new InvalidArgumentError('Give an address and a port, for instance 127.0.0.1:8443.');
}

/** Runs the bot until it is told to end: who it is, who may talk, where updates come from. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Workspace } from '../mcp/workspace.ts';
import { createBot } from './bot.ts';
import type { BotApi } from './bot-api.ts';
import { openBotApi } from './bot-api.ts';
import type { Patience } from './faults.ts';
import { createGuests, newPairingCode } from './guests.ts';
import type { Memory } from './memory.ts';
import { openMemory } from './memory.ts';
import type { ModelOptions } from './model.ts';
import { openModel } from './model.ts';
import { botCommands } from './orders.ts';
import type { PushTimes } from './pushes.ts';
import { followSession } from './pushes.ts';
import type { Quiet } from './quiet.ts';
import type { ReceiveInput } from './receive.ts';
import { poll, serveWebhook } from './receive.ts';

export interface RunInput {
  readonly token: string;
  readonly workspace: Workspace;
  /** User ids that may talk, besides those that were paired. */
  readonly users: readonly number[];
  readonly pair: boolean;
  readonly quiet?: Quiet | undefined;
  readonly model?: ModelOptions | undefined;
  readonly apiRoot?: string | undefined;
  readonly webhook?:
    | { readonly url: string; readonly host: string; readonly port: number }
    | undefined;
  readonly patience?: Patience | undefined;
  readonly pushTimes?: PushTimes | undefined;
  readonly signal: AbortSignal;
  /** For the host's log. */
  readonly say: (line: string) => void;
  readonly onReady: (ready: Ready) => void;
}

export interface Ready {
  /** Without the @. */
  readonly bot: string;
  readonly users: readonly number[];
  /** Absent when nobody can be paired. */
  readonly pairing?: { readonly code: string; readonly url: string; readonly until: number };
  /** Where it listens for Telegram; absent when it polls. */
  readonly port?: number;
}

const pairingMs = 10 * 60_000;

/** Returns after the signal. Throws NO_ACCESS for a token that is not right. */
export async function runBot(input: RunInput): Promise<void> {
  const { workspace, signal, say, model } = input;
  const { token, apiRoot, patience } = input;
  // Everything that is under way listens for the end.
  setMaxListeners(0, signal);
  const api = openBotApi({ token, apiRoot, say, patience });
  const me = await introduce(api, signal);
  const memory = withMembers(openMemory(me.id), input.users);
  const pairing = input.pair || memory.users().length === 0 ? newPairing() : undefined;
  const { isUser: isMember, isStranger: isKnownStranger } = memory;
  const guests = createGuests({ now: Date.now, isMember, isKnownStranger, pairing });
  const bot = createBot({
    api,
    memory,
    guests,
    workspace,
    model: model === undefined ? undefined : openModel(model),
    signal,
    say,
  });
  followSession({
    port: workspace.port,
    memory,
    quiet: input.quiet,
    times: input.pushTimes,
    signal,
    say,
    async tell(notice) {
      await Promise.all(memory.users().map((user) => bot.tell(user, notice)));
    },
  });
  const invitation =
    pairing === undefined
      ? {}
      : { pairing: { ...pairing, url: `https://t.me/${me.username}?start=${pairing.code}` } };
  const ready = { bot: me.username, users: memory.users(), ...invitation };
  try {
    await bot.tellInterrupted();
    const { handle, matters } = bot;
    await receiveUpdates(input, ready, { api, memory, signal, say, handle, matters });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await bot.close();
  }
}

/** Who the bot is; and what completes when somebody types `/`. */
async function introduce(api: BotApi, signal: AbortSignal) {
  const again = { again: true, forever: true, signal };
  const commands = botCommands.map(({ command, description }) => ({ command, description }));
  const me = await api.call('getMe', (to, stop) => to.getMe(stop as never), again);
  await api.call(
    'setMyCommands',
    (to, stop) => to.setMyCommands(commands, {}, stop as never),
    again,
  );
  return me;
}

async function receiveUpdates(
  { webhook, onReady }: RunInput,
  ready: Ready,
  receiving: ReceiveInput,
): Promise<void> {
  if (webhook === undefined) {
    onReady(ready);
    return poll(receiving);
  }
  const { url: publicUrl, host, port } = webhook;
  const onListening = (at: number): void => onReady({ ...ready, port: at });
  return serveWebhook({ ...receiving, publicUrl, host, port, onListening });
}

function newPairing() {
  return { code: newPairingCode(randomBytes), until: Date.now() + pairingMs };
}

/** The list of the command line counts besides what was paired. */
function withMembers(memory: Memory, users: readonly number[]): Memory {
  return {
    ...memory,
    isUser: (id) => users.includes(id) || memory.isUser(id),
    users: () => [...new Set([...users, ...memory.users()])],
  };
}

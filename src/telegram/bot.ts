/** The bot: whoever may talk to it gives orders, each becomes a job, and presses of buttons are answered. */
import { toCaiError } from '../errors.ts';
import type { Workspace } from '../mcp/workspace.ts';
import type { Deeds } from './actions.ts';
import { choiceJob, choiceTitle } from './actions.ts';
import type { Action, Asking } from './asking.ts';
import { askMs, createAsking } from './asking.ts';
import type { BotApi } from './bot-api.ts';
import type { Chat } from './chat.ts';
import { openChat } from './chat.ts';
import type { Admission, Guests } from './guests.ts';
import * as words from './help.ts';
import type { Incoming } from './incoming.ts';
import { readIncoming } from './incoming.ts';
import type { Memory } from './memory.ts';
import type { Model } from './model.ts';
import type { Notice } from './news.ts';
import { obey } from './obey.ts';
import type { Order } from './orders.ts';
import { readOrder } from './orders.ts';
import { cut, plain } from './reply.ts';
import { openTools } from './tools.ts';
import type { Job, Work } from './work.ts';
import { createWork } from './work.ts';

export interface BotInput {
  readonly api: BotApi;
  readonly memory: Memory;
  readonly guests: Guests;
  readonly workspace: Workspace;
  readonly model: Model | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface Bot {
  /** False for what nothing will be done for. */
  matters(update: unknown): boolean;
  handle(update: unknown): void;
  /** Tells a notice to a user. */
  tell(user: number, notice: Notice): Promise<void>;
  /** Tells whose orders an earlier process did not answer. */
  tellInterrupted(): Promise<void>;
  close(): Promise<void>;
}

/** All that the parts of the bot share. */
interface Desk extends BotInput {
  readonly chatOf: (user: number) => Chat;
  readonly work: Work;
  readonly asking: Asking;
  readonly deeds: Deeds;
}

export function createBot(input: BotInput): Bot {
  const { api, memory, workspace, model, signal, say } = input;
  const chatOf = (id: number): Chat => openChat({ api, id, signal, say });
  const asking = createAsking();
  const tools = openTools(workspace);
  const deeds: Deeds = {
    tools,
    port: workspace.port,
    model,
    buttonsOf: asking.buttonsOf,
    confirm: asking.confirm,
  };
  const desk: Desk = { ...input, chatOf, asking, deeds, work: createWork(signal) };
  return {
    matters: (update) => matters(memory, update),
    handle(update) {
      const incoming = readIncoming(update);
      if (incoming === undefined) return;
      receive(desk, incoming).catch((error: unknown) => {
        if (!signal.aborted) say(`an update was not handled: ${toCaiError(error).message}`);
      });
    },
    async tell(user, notice) {
      await chatOf(user).send(notice.reply, asking.buttonsOf(notice, user));
    },
    async tellInterrupted() {
      for (const { chat, text } of memory.takeBegun())
        await chatOf(chat).send(words.interrupted(text));
    },
    async close() {
      await desk.work.idle();
      await tools.close();
    },
  };
}

function matters(memory: Memory, update: unknown): boolean {
  const incoming = readIncoming(update);
  if (incoming === undefined) return false;
  const { id } = incoming.user;
  if (memory.isUser(id) || !memory.isStranger(id)) return true;
  return incoming.kind === 'text' && readOrder(incoming.text).kind === 'start';
}

/** Up to the note that it was begun all happens at once: what was taken is never forgotten. */
async function receive(desk: Desk, incoming: Incoming): Promise<void> {
  const order = incoming.kind === 'text' ? readOrder(incoming.text) : undefined;
  const admission = desk.guests.admit(
    incoming.user.id,
    order?.kind === 'start' ? order.code : undefined,
  );
  // Whoever wants it to end is heard in any case.
  const isIn =
    admission.kind === 'member' || (admission.kind === 'slower' && order?.kind === 'stop');
  if (!isIn) return turnAway(desk, incoming, admission);
  const chat = desk.chatOf(incoming.user.id);
  switch (incoming.kind) {
    case 'press':
      return press(desk, incoming);
    case 'forwarded':
      return void (await chat.send(words.notYours));
    case 'other':
      return void (await chat.send(words.textOnly));
    case 'text':
      return listen(desk, incoming, order as Order);
  }
}

/** Tells the others what there is to tell. */
async function turnAway(
  { chatOf, memory, say }: Desk,
  { user }: Incoming,
  admission: Admission,
): Promise<void> {
  const chat = chatOf(user.id);
  const who = `user ${user.id} (${printable(user.name)})`;
  if (admission.kind === 'refused') {
    memory.addStranger(user.id);
    say(`refused ${who}, who is not on the list`);
    await chat.send(words.refusal);
  } else if (admission.kind === 'paired') {
    memory.addUser(user.id, user.name);
    say(`paired ${who}`);
    await chat.send(words.paired);
  } else if (admission.kind === 'slower' && admission.tell) await chat.send(words.slower);
}

/** A stranger's name goes to a terminal. */
function printable(name: string): string {
  return name.replace(/[^\p{L}\p{N} _.-]/gu, '?');
}

/** An order that comes later than this was sent while nobody listened. */
const lateMs = 10 * 60_000;

async function listen(desk: Desk, incoming: Incoming & { kind: 'text' }, order: Order) {
  const { memory } = desk;
  const { update, text, time, user } = incoming;
  const chat = desk.chatOf(user.id);
  const done = () => finish(desk, update);
  memory.begin({ update, chat: user.id, text: cut(text, 200) });
  try {
    await obey(desk, { order, chat, late: Date.now() - time > lateMs, done });
  } catch (thrown) {
    const { message, next } = toCaiError(thrown);
    await chat.send(plain(`❌ ${message}${next === undefined ? '' : `\n${next}`}`));
    done();
  }
}

/** When it cannot be noted, the next start says that it may not be done: that is no reason to end now. */
function finish({ memory, say }: Desk, update: number): void {
  try {
    memory.finish(update);
  } catch (error) {
    say(toCaiError(error).message);
  }
}

type Press = Incoming & { readonly kind: 'press' };

async function press(desk: Desk, incoming: Press): Promise<void> {
  const { api, asking, signal } = desk;
  const pressed = asking.press(incoming.data, incoming.user.id);
  const said = pressed.kind === 'act' ? {} : { text: pressed.why, show_alert: true };
  const answered = api
    .call(
      'answerCallbackQuery',
      (to, stop) => to.answerCallbackQuery(incoming.query, said, stop as never),
      { again: false, signal },
    )
    // Telegram forgets a press after a while; the deed does not depend on it.
    .catch(() => undefined);
  if (pressed.kind === 'act') await act(desk, incoming, pressed.action);
  await answered;
}

type Chosen = Extract<Action, { kind: 'choice' }>;

async function undo({ asking, work }: Desk, chat: Chat, { choice, shown }: Chosen, job: Job) {
  if (Date.now() - shown <= askMs) work.queue(chat, job);
  else await asking.ask(chat, { text: choiceTitle(choice), job });
}

async function act(desk: Desk, { user, update, message }: Press, action: Action): Promise<void> {
  const { asking, deeds, memory, work } = desk;
  const chat = desk.chatOf(user.id);
  const start = (job: Job): void => {
    memory.begin({ update, chat: user.id, text: cut(job.title, 200) });
    const done = () => finish(desk, update);
    work.queue(chat, { ...job, message, done });
  };
  if (action.kind === 'decide') return action.decide();
  if (action.kind === 'drop') return chat.edit(message, plain('🚫 Not done.'));
  if (action.kind === 'run') return start(action.job);
  const job = choiceJob(deeds, user.id, action.choice);
  if (action.choice.kind === 'diff') return work.beside(chat, job);
  // The answer with the edit stays to be read.
  if (action.choice.kind === 'undo') return undo(desk, chat, action, job);
  if (Date.now() - action.shown <= askMs) return start(job);
  return asking.ask(chat, { text: choiceTitle(action.choice), job, message });
}

/** From an order to a job: at once what only reads, one after the other what changes, and first a question where that is due. */
import type { Deeds } from './actions.ts';
import { askJob, findTool, titleOf, toolJob } from './actions.ts';
import type { Arguments, ListedTool } from './arguments.ts';
import { readArguments } from './arguments.ts';
import type { Asking } from './asking.ts';
import type { Chat } from './chat.ts';
import * as words from './help.ts';
import type { Order } from './orders.ts';
import { botCommands } from './orders.ts';
import { cut, plain } from './reply.ts';
import { asksFirst, onlyReads } from './risk.ts';
import type { Job, Work } from './work.ts';

export interface Given {
  readonly order: Order;
  readonly chat: Chat;
  /** Sent while nobody listened: what it changes is asked about first. */
  readonly late: boolean;
  /** Called when the order needs no answer any more. */
  readonly done: () => void;
}

export interface ObeyInput {
  readonly deeds: Deeds;
  readonly work: Work;
  readonly asking: Asking;
}

/** Throws USAGE for what is not understood. */
export async function obey(input: ObeyInput, given: Given): Promise<void> {
  const { order, chat, done } = given;
  const { deeds, work } = input;
  const answer = async (reply: Parameters<Chat['send']>[0]): Promise<void> => {
    await chat.send(reply);
    done();
  };
  switch (order.kind) {
    case 'help':
      return answer(words.helpReply(deeds.model !== undefined));
    case 'start':
      return answer(words.greeting);
    case 'unknown':
      return answer(words.unknownReply(order.command));
    case 'stop': {
      const count = work.stop(chat.id);
      return answer(plain(count === 0 ? 'Nothing runs.' : `⏹ Stopping ${count}.`));
    }
    case 'ask': {
      if (deeds.model === undefined) return answer(plain(words.noModel));
      const job = askJob(deeds, chat, order.text);
      return given.late
        ? askFirst(input, given, job, late(cut(order.text, 300)))
        : queue(input, given, job);
    }
    case 'exec':
    case 'tool':
      return callTool(input, given, order);
  }
}

async function callTool(
  input: ObeyInput,
  given: Given,
  { tool: name, rest }: Order & { kind: 'exec' | 'tool' },
): Promise<void> {
  const { deeds, work } = input;
  const { chat, done } = given;
  const tool = findTool(await deeds.tools.list(), name);
  const word = botCommands.find((one) => one.tool === name)?.word;
  const args = readArguments({ tool, text: rest, word });
  const job = toolJob(deeds, chat.id, tool.name, args);
  const title = titleOf(tool.name, args);
  if (onlyReads(tool)) return work.beside(chat, { ...job, done });
  if (asksFirst(tool, args))
    return askFirst(input, given, job, `Do ${title}${await preview(deeds, chat, tool, args)}`);
  return given.late ? askFirst(input, given, job, late(title)) : queue(input, given, job);
}

/** What an undo would do, so that nobody has to say yes to the unknown. */
async function preview(
  { tools }: Deeds,
  { id: user }: Chat,
  { name: tool }: ListedTool,
  args: Arguments,
): Promise<string> {
  if (tool !== 'undo') return '';
  const signal = AbortSignal.timeout(previewMs);
  const { text } = await tools.call({ user, tool, args: { ...args, dry_run: true }, signal });
  return `\n${cut(text, 2000)}\nShall I`;
}

const previewMs = 20_000;

function late(what: string): string {
  return `This came late: ${what}. Do it now`;
}

function queue({ work }: ObeyInput, { chat, done }: Given, job: Job): void {
  work.queue(chat, { ...job, done });
}

async function askFirst(
  { asking }: ObeyInput,
  { chat, done }: Given,
  job: Job,
  text: string,
): Promise<void> {
  await asking.ask(chat, { text, job });
  done();
}

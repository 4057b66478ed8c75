/** One chat: says something new, or says something else in a message that is there. */
import { InlineKeyboard, InputFile } from 'grammy';
import { toCaiError } from '../errors.ts';
import type { BotApi } from './bot-api.ts';
import { TelegramRefusal } from './bot-api.ts';
import type { Attachment, Message, Reply } from './reply.ts';
import { intoMessage } from './reply.ts';

export interface Button {
  readonly label: string;
  /** What comes back when it is pressed; up to 64 bytes. */
  readonly data: string;
}

export interface Chat {
  readonly id: number;
  /** Undefined when it could not be sent, or nobody knows. */
  send(reply: Reply, buttons?: readonly Button[]): Promise<number | undefined>;
  /** Puts it where a message is; what does not fit there comes as a document. */
  edit(message: number, reply: Reply, buttons?: readonly Button[]): Promise<void>;
  typing(): Promise<void>;
}

export interface ChatInput {
  readonly api: BotApi;
  readonly id: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const html = { parse_mode: 'HTML', link_preview_options: { is_disabled: true } } as const;

export function openChat({ api, id, signal, say }: ChatInput): Chat {
  const again = { again: true, signal };
  const once = { again: false, signal };

  async function send(reply: Reply, buttons: readonly Button[] = []): Promise<number> {
    const fitting = intoMessage(reply);
    const more = markup(buttons);
    if (fitting.kind === 'document') return sendDocument(fitting, buttons);
    const sent = await orPlain(fitting, (text, how) =>
      api.call(
        'sendMessage',
        (to, stop) => to.sendMessage(id, text, { ...how, ...more }, stop as never),
        once,
      ),
    );
    return sent.message_id;
  }

  async function sendDocument(given: Attachment, buttons: readonly Button[]): Promise<number> {
    const file = () => new InputFile(Buffer.from(given.content), given.name);
    const more = { caption: given.caption.plain, ...markup(buttons) };
    const sent = await api.call(
      'sendDocument',
      (to, stop) => to.sendDocument(id, file(), more, stop as never),
      once,
    );
    return sent.message_id;
  }

  async function edit(message: number, reply: Reply, buttons: readonly Button[] = []) {
    const fitting = intoMessage(reply);
    if (fitting.kind === 'document') {
      await edit(message, [{ style: 'plain', text: fitting.caption.plain }]);
      await sendDocument(fitting, buttons);
      return;
    }
    await orPlain(fitting, (text, how) =>
      api.call(
        'editMessageText',
        (to, stop) =>
          to.editMessageText(id, message, text, { ...how, ...markup(buttons) }, stop as never),
        again,
      ),
    ).catch(ifNothingChanged);
  }

  /** What cannot be said must not stop the bot. */
  const quietly = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (!signal.aborted) say(`chat ${id}: ${toCaiError(error).message}`);
      return undefined;
    }
  };

  return {
    id,
    send: (reply, buttons) => quietly(send(reply, buttons)),
    edit: (message, reply, buttons) => quietly(edit(message, reply, buttons)),
    async typing() {
      const work = api.call(
        'sendChatAction',
        (to, stop) => to.sendChatAction(id, 'typing', {}, stop as never),
        once,
      );
      await work.catch(() => undefined);
    },
  };
}

type How = typeof html | Pick<typeof html, 'link_preview_options'>;

/** As HTML; should Telegram not take it, as it stands. */
async function orPlain<T>(
  { html: text, plain }: Message,
  work: (text: string, how: How) => Promise<T>,
): Promise<T> {
  try {
    return await work(text, html);
  } catch (error) {
    if (!(error instanceof TelegramRefusal) || !/can't parse entities/.test(error.message))
      throw error;
    return work(plain, { link_preview_options: html.link_preview_options });
  }
}

/** A repeated edit that was done already. */
function ifNothingChanged(error: unknown): void {
  if (error instanceof TelegramRefusal && /message is not modified/.test(error.message)) return;
  throw error;
}

function markup(buttons: readonly Button[]) {
  if (buttons.length === 0) return {};
  const keyboard = new InlineKeyboard();
  for (const [at, { label, data }] of buttons.entries()) {
    keyboard.text(label, data);
    if (at % 2 === 1) keyboard.row();
  }
  return { reply_markup: keyboard };
}

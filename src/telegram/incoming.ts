/** What came in, read without trusting its shape: anything may be missing, or of another type. Pure. */

export interface Sender {
  readonly id: number;
  readonly name: string;
}

export type Incoming = { readonly update: number; readonly user: Sender } & (
  | { readonly kind: 'text'; readonly text: string; readonly time: number }
  /** Somebody else's words: nothing is done for them. */
  | { readonly kind: 'forwarded' }
  /** A picture, a voice, a file. */
  | { readonly kind: 'other' }
  | {
      readonly kind: 'press';
      readonly query: string;
      readonly data: string;
      readonly message: number;
    }
);

type Fields = Readonly<Record<string, unknown>>;

/** Undefined for what is not for the bot: only people in a chat of their own with it are listened to. */
export function readIncoming(given: unknown): Incoming | undefined {
  const update = fields(given);
  const id = integer(update.update_id);
  if (id === undefined) return undefined;
  if (update.callback_query !== undefined) return readPress(id, fields(update.callback_query));
  return readMessage(id, fields(update.message));
}

function readMessage(update: number, message: Fields): Incoming | undefined {
  const user = readSender(message.from, message.chat);
  if (user === undefined) return undefined;
  if (message.forward_origin !== undefined || message.via_bot !== undefined)
    return { kind: 'forwarded', update, user };
  const { text } = message;
  if (typeof text !== 'string') return { kind: 'other', update, user };
  return { kind: 'text', update, user, text, time: (integer(message.date) ?? 0) * 1000 };
}

function readPress(update: number, press: Fields): Incoming | undefined {
  const message = fields(press.message);
  const user = readSender(press.from, message.chat);
  const { id: query, data } = press;
  const shown = integer(message.message_id);
  if (user === undefined || shown === undefined) return undefined;
  if (typeof query !== 'string' || typeof data !== 'string') return undefined;
  return { kind: 'press', update, user, query, data, message: shown };
}

function readSender(from: unknown, chat: unknown): Sender | undefined {
  const { id: given, is_bot: isBot, first_name: first, username } = fields(from);
  const id = integer(given);
  const { id: room, type } = fields(chat);
  if (id === undefined || id <= 0 || isBot === true || type !== 'private' || room !== id)
    return undefined;
  const names = [username, first].filter((one) => typeof one === 'string' && one !== '');
  return { id, name: ((names[0] ?? '') as string).slice(0, 64) };
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function integer(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

/** From the text of a message to what is wanted, and the commands that Telegram completes. Pure. */
import type { Meaning } from './plain-words.ts';
import { meaningOf } from './plain-words.ts';

export type Order =
  | { readonly kind: 'help' }
  /** Opens a chat, and carries the code of a pairing link. */
  | { readonly kind: 'start'; readonly code: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'exec'; readonly tool: string; readonly rest: string }
  /** A command of its own for a tool; `rest` is read by the tool's schema. */
  | { readonly kind: 'tool'; readonly tool: string; readonly rest: string }
  /** For the model. */
  | { readonly kind: 'ask'; readonly text: string }
  | { readonly kind: 'unknown'; readonly command: string };

export interface BotCommand {
  readonly command: string;
  readonly description: string;
  /** The tool that it calls. */
  readonly tool?: string;
  /** What a word without a flag in front means. */
  readonly word?: string;
}

export const botCommands: readonly BotCommand[] = [
  { command: 'status', description: 'what the sync does, and what needs you', tool: 'sync_status' },
  { command: 'exec', description: 'TOOL [JSON or --flag value …]: call a tool' },
  { command: 'conflicts', description: 'paths that both sides changed', tool: 'list_conflicts' },
  {
    command: 'history',
    description: '[PATH]: what was replaced or removed',
    tool: 'history',
    word: 'path',
  },
  {
    command: 'undo',
    description: '[10m]: take back the last batch, or what came since',
    tool: 'undo',
    word: 'since',
  },
  { command: 'pause', description: 'carry nothing over until /resume', tool: 'pause_sync' },
  { command: 'resume', description: 'go on after /pause', tool: 'resume_sync' },
  { command: 'stop', description: 'end what I am doing for you' },
  { command: 'help', description: 'what I can do' },
];

const toolOf: Readonly<Record<Exclude<Meaning, 'help'>, string>> = {
  status: 'sync_status',
  conflicts: 'list_conflicts',
  history: 'history',
  undo: 'undo',
  pause: 'pause_sync',
  resume: 'resume_sync',
  sync: 'sync_from_local',
};

export function readOrder(text: string): Order {
  const found = /^\/([A-Za-z0-9_]+)(?:@\w+)?(?:\s+([\s\S]*))?$/.exec(text.trim());
  if (found === null) return readPlain(text.trim());
  const [, name = '', rest = ''] = found;
  const command = name.toLowerCase();
  if (command === 'help' || command === 'stop') return { kind: command };
  if (command === 'start' || command === 'pair') return { kind: 'start', code: rest.trim() };
  if (command === 'exec') {
    const [, tool = '', words = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? [];
    return { kind: 'exec', tool, rest: words };
  }
  const tool = botCommands.find((one) => one.command === command)?.tool;
  return tool === undefined ? { kind: 'unknown', command } : { kind: 'tool', tool, rest };
}

function readPlain(text: string): Order {
  const meaning = meaningOf(text);
  if (meaning === undefined) return { kind: 'ask', text };
  return meaning === 'help' ? { kind: 'help' } : { kind: 'tool', tool: toolOf[meaning], rest: '' };
}

/** What the bot says about itself. Pure. */
import { botCommands } from './orders.ts';
import type { Reply } from './reply.ts';
import { piece, plain } from './reply.ts';

export function helpReply(hasModel: boolean): Reply {
  const commands = botCommands.map(({ command, description }) => `/${command} ${description}`);
  return [
    piece('bold', 'Your workspace, from here'),
    piece('plain', `\n${commands.join('\n')}\n\n`),
    piece(
      'plain',
      'Or in plain words: "Show me the current sync status", "pause the sync", "undo".\n',
    ),
    piece('plain', hasModel ? 'Anything else I do with a language model.' : noModel),
  ];
}

export const noModel =
  'There is no language model, so free text beyond that does nothing. See docs/telegram.md for how to turn it on.';

export function unknownReply(command: string): Reply {
  return plain(`There is no /${command.slice(0, 40)}. /help tells what there is.`);
}

export const greeting: Reply = plain(
  'Hello. /status tells how the sync is doing, /help what else I can do.',
);
export const paired: Reply = plain(
  '✅ Paired. You may talk to me from now on. /help tells what I can do.',
);
export const refusal: Reply = plain(
  'Hello. I am somebody’s private bot and can do nothing for you, sorry. If I am yours, send the code that `cai telegram --pair` prints.',
);
export const slower: Reply = plain(
  'That is a lot at once; I leave out the rest. Wait half a minute, please.',
);
export const textOnly: Reply = plain('I read text only. /help tells what I can do.');
export const notYours: Reply = plain(
  'I do nothing for forwarded messages: write it yourself, please.',
);

export function interrupted(text: string): Reply {
  return [
    piece('plain', '⚠️ I was restarted before I had answered: '),
    piece('code', text),
    piece(
      'plain',
      '\nI do not do it again by myself. See /status and /history, and send it again if it is not done.',
    ),
  ];
}

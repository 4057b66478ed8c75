/**
 * Plain words that need no model: "Show me the current sync status" and its like. Only a sentence that says
 * nothing else counts, so that "edit status.ts" is not taken for a question about the status. Pure.
 */

export type Meaning =
  | 'status'
  | 'conflicts'
  | 'history'
  | 'undo'
  | 'pause'
  | 'resume'
  | 'sync'
  | 'help';

const fillers = new Set(
  'a all and any are bot can could current currently do give have hello hey hi i is it me my now of our please right show tell thanks that the there this to us want we what whats would you your'.split(
    ' ',
  ),
);

const phrases: Readonly<Record<Meaning, readonly string[]>> = {
  status: [
    'status',
    'sync status',
    'status sync',
    'sync state',
    'state sync',
    'state',
    'syncing status',
    'workspace status',
    'status workspace',
    'in sync',
    'everything in sync',
    'sync ok',
    'sync okay',
    'everything synced',
    'everything ok',
    'everything okay',
    'how sync doing',
    'how sync',
    'how going',
  ],
  conflicts: [
    'conflicts',
    'conflict',
    'list conflicts',
    'open conflicts',
    'list open conflicts',
    'sync conflicts',
  ],
  history: [
    'history',
    'list history',
    'recent changes',
    'changed',
    'last changes',
    'changed recently',
    'sync history',
    'changes',
  ],
  undo: [
    'undo',
    'undo last change',
    'undo last changes',
    'undo last',
    'take back',
    'undo last batch',
  ],
  pause: ['pause', 'pause sync', 'pause syncing', 'stop syncing', 'stop sync'],
  resume: [
    'resume',
    'resume sync',
    'resume syncing',
    'continue sync',
    'continue syncing',
    'start syncing',
    'unpause',
    'unpause sync',
  ],
  sync: [
    'sync',
    'sync from local',
    'sync local',
    'sync local changes',
    'sync everything',
    'sync changes',
    'push local changes',
    'sync from local docker',
  ],
  help: ['help', 'commands', 'how does work', 'list commands', 'who'],
};

const meanings = new Map(
  Object.entries(phrases).flatMap(([meaning, texts]) =>
    texts.map((text) => [text, meaning as Meaning] as const),
  ),
);

export function meaningOf(text: string): Meaning | undefined {
  if (text.length > 200 || /[/\\`{}<>]/.test(text)) return undefined;
  const words = text
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{N}.]+|\.(?=\s|$)/gu, ' ')
    .split(' ')
    .filter((word) => word !== '' && !fillers.has(word));
  return meanings.get(words.join(' '));
}

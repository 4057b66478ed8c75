/** What an order or a button does, as a job: call a tool, ask the model, settle conflicts, answer a hold. */
import { CaiError, toCaiError } from '../errors.ts';
import type { SessionPort } from '../mcp/port.ts';
import type { Path } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import type { Arguments, ListedTool } from './arguments.ts';
import type { Button, Chat } from './chat.ts';
import { holdNotice, wordsFor } from './held.ts';
import { noModel } from './help.ts';
import type { Model } from './model.ts';
import type { Choice, Notice } from './news.ts';
import { conflictNotice } from './news.ts';
import type { ToolResult } from './present.ts';
import { changedPath, present } from './present.ts';
import type { Reply } from './reply.ts';
import { cut, piece, plain } from './reply.ts';
import type { Tools } from './tools.ts';
import { authorOf } from './tools.ts';
import type { Answered, Job, Running } from './work.ts';

export interface Deeds {
  readonly tools: Tools;
  readonly port: SessionPort;
  readonly model: Model | undefined;
  /** Buttons for a notice, for one user. */
  readonly buttonsOf: (notice: Notice, user: number) => readonly Button[];
  /** Asks a user whether a tool may be called. */
  readonly confirm: (chat: Chat, question: string, signal: AbortSignal) => Promise<boolean>;
}

export function toolJob(deeds: Deeds, user: number, tool: string, args: Arguments): Job {
  const { tools, buttonsOf } = deeds;
  return {
    title: titleOf(tool, args),
    async run({ signal, progress }) {
      const since = Date.now();
      const result = await tools.call({ user, tool, args, signal, onProgress: progress });
      const called = { tool, args, result };
      const reply = present(called, Date.now());
      const path = changedPath(called);
      if (path !== undefined) return undoable(deeds, user, { reply, paths: [path], since });
      if (tool === 'sync_status') return { reply, buttons: await holdButtons(deeds, user, result) };
      if (tool !== 'list_conflicts' || result.failed) return { reply };
      const open = openOf(result.data as unknown as Conflicts);
      if (open.length === 0) return { reply };
      const notice = conflictNotice(open);
      return { reply: notice.reply, buttons: buttonsOf(notice, user) };
    },
  };
}

/** Below a status that names holds: those of their notice may have been used, or be from before a restart. */
async function holdButtons(
  { buttonsOf, port }: Deeds,
  user: number,
  { data }: ToolResult,
): Promise<readonly Button[]> {
  const { holds: listed = [] } = data as { holds?: readonly unknown[] };
  if (listed.length === 0) return [];
  const { holds, name: session } = await port.call('status', {});
  return buttonsOf(holdNotice(holds, { mayAnswer: port.side === 'local', session }), user);
}

interface Undoable {
  readonly reply: Reply;
  readonly paths: readonly string[];
  readonly since: number;
}

/** An answer with a button that takes back what was edited; without a session there is no history to do so. */
function undoable(
  { buttonsOf, port }: Deeds,
  user: number,
  { reply, paths, since }: Undoable,
): Answered {
  if (paths.length === 0 || !port.isUp()) return { reply };
  const choice = { kind: 'undo', paths: [...new Set(paths)], since } as const;
  const notice = { reply, choices: [{ label: 'Undo', choice }], keys: [] };
  return { reply, buttons: buttonsOf(notice, user) };
}

export function titleOf(tool: string, args: Arguments): string {
  const text = Object.keys(args).length === 0 ? '' : ` ${JSON.stringify(args)}`;
  return cut(`${tool}${text}`, 300);
}

type Listed = Parameters<typeof conflictNotice>[0][number];

interface Conflicts {
  readonly conflicts: readonly (Listed & { readonly version?: string })[];
}

function openOf({ conflicts }: Conflicts): readonly Listed[] {
  return conflicts.filter(({ settled }) => settled === 'open');
}

export function askJob(deeds: Deeds, chat: Chat, text: string): Job {
  const { tools, model } = deeds;
  return {
    title: cut(text, 100),
    async run({ signal, progress }) {
      if (model === undefined) return { reply: plain(noModel) };
      const since = Date.now();
      const { reply, edited } = await model.ask({
        text,
        tools: await tools.list(),
        signal,
        progress,
        call: (tool, args) => tools.call({ user: chat.id, tool, args, signal }),
        confirm: (tool, args) =>
          deeds.confirm(chat, `The model wants to call ${titleOf(tool, args)}`, signal),
      });
      return undoable(deeds, chat.id, { reply, paths: edited, since });
    },
  };
}

/** What a button under a notice does. */
export function choiceJob(deeds: Deeds, user: number, choice: Choice): Job {
  switch (choice.kind) {
    case 'take':
      return { title: choiceTitle(choice), run: (running) => take(deeds, user, choice, running) };
    case 'undo':
      return toolJob(deeds, user, 'undo', undoArguments(user, choice));
    case 'diff':
      return { title: 'diff', run: (running) => showDiff(deeds, user, choice.ids, running) };
    case 'hold':
      return {
        title: choiceTitle(choice),
        run: ({ signal }) => answerHold(deeds, user, choice, signal),
      };
  }
}

export function choiceTitle(choice: Choice): string {
  if (choice.kind === 'diff') return 'Show diff';
  if (choice.kind === 'undo') return `Undo the edit of ${choice.paths.map(displayPath).join(', ')}`;
  if (choice.kind === 'take') {
    return `Keep ${choice.take} for ${pathList(choice.paths)}`;
  }
  const messages = choice.holds.map(({ message }) => message).join('\n');
  return `${messages}\n${wordsFor(choice.holds)[choice.answer]}`;
}

const maxNamed = 5;

function pathList(paths: readonly Path[]): string {
  const named = paths.slice(0, maxNamed).map(displayPath).join(', ');
  if (paths.length === 1) return named;
  return `${paths.length} conflicts (${named}${paths.length > maxNamed ? ', …' : ''})`;
}

/** Only what this user did there since, and only those paths. */
function undoArguments(user: number, { paths, since }: Choice & { kind: 'undo' }): Arguments {
  const patterns = paths.map((path) => `/${path.replace(/[\\*?[\]!#]/g, '\\$&')}`);
  return { by: authorOf(user), since: String(since), paths: patterns };
}

/** As many ids as the tool takes at once. */
const maxIds = 500;

async function take(
  { tools }: Deeds,
  user: number,
  choice: Choice & { kind: 'take' },
  { signal }: Running,
): Promise<Answered> {
  const texts: string[] = [];
  for (let at = 0; at < choice.ids.length; at += maxIds) {
    const args = { conflicts: choice.ids.slice(at, at + maxIds), take: choice.take };
    const { text, failed } = await tools.call({ user, tool: 'resolve_conflict', args, signal });
    texts.push(`${failed ? '❌ ' : '✅ '}${text}`);
  }
  return { reply: plain(texts.join('\n')) };
}

const maxDiffs = 5;

/** An open conflict is compared between the sides, a settled one with what gave way. */
async function showDiff(
  { tools }: Deeds,
  user: number,
  ids: readonly string[],
  { signal }: Running,
): Promise<Answered> {
  const listed = await tools.call({ user, tool: 'list_conflicts', args: {}, signal });
  if (listed.failed) return { reply: plain(`❌ ${listed.text}`) };
  const all = (listed.data as unknown as Conflicts).conflicts.filter(({ id }) => ids.includes(id));
  if (all.length === 0) return { reply: plain('It is settled, and not on the list any more.') };
  const pieces = [];
  for (const { path, settled, version } of all.slice(0, maxDiffs)) {
    const ends = settled === 'open' || version === undefined ? {} : { from: version, to: 'local' };
    const { text } = await tools.call({ user, tool: 'diff', args: { path, ...ends }, signal });
    pieces.push(piece('diff', text), piece('plain', '\n'));
  }
  const rest = all.length - maxDiffs;
  if (rest > 0) pieces.push(piece('plain', `… and ${rest} more; see /exec diff --path PATH`));
  return { reply: pieces };
}

/** Only the holds that were shown; when others are there by now, or more is held, these are shown. */
async function answerHold(
  { buttonsOf, port }: Deeds,
  user: number,
  { answer, holds: seen }: Choice & { kind: 'hold' },
  signal: AbortSignal,
): Promise<Answered> {
  const words = wordsFor(seen);
  try {
    const params = { holds: seen, author: authorOf(user) };
    const { holds } = await port.call(answer, params, { signal });
    const said = `✅ ${answer === 'approve' ? words.approved : words.rejected}`;
    const left = holds.map(({ message, next }) => `✋ ${message} ${next}`);
    return { reply: plain([said, ...left].join('\n')) };
  } catch (error) {
    if (toCaiError(error).code !== 'STALE') throw error;
    const { holds, name: session } = await port.call('status', {}, { signal });
    if (holds.length === 0) return { reply: plain('Nothing is held any more.') };
    const notice = holdNotice(holds, { mayAnswer: true, session });
    const head = piece('plain', 'Nothing was done: what is held has changed.\n');
    return { reply: [head, ...notice.reply], buttons: buttonsOf(notice, user) };
  }
}

export function findTool(tools: readonly ListedTool[], name: string): ListedTool {
  const found = tools.find((tool) => tool.name === name);
  if (found !== undefined) return found;
  const names = tools.map((tool) => tool.name).join(', ');
  const what = name === '' ? 'Which tool?' : `There is no tool ${cut(name, 60)}.`;
  throw new CaiError('USAGE', what, { next: `There are: ${names}.` });
}

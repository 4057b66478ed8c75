/**
 * What the bot says by itself, made of the session's events: conflicts, holds, the link. What belongs together is told
 * together, and what is over before it is told is not told. Pure.
 */
import type { ConflictInfo, HoldInfo, SessionEvent, SessionStatus } from '../control/api.ts';
import { ago } from '../mcp/amounts.ts';
import type { Path } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import type { HoldNoticeInput } from './held.ts';
import { holdNotice, keyOf } from './held.ts';
import type { Reply } from './reply.ts';
import { piece, plain } from './reply.ts';

/** What waits to be told. */
export interface News {
  readonly conflicts: readonly ConflictInfo[];
  readonly holds: readonly HoldInfo[];
  /** Since when the link is down. */
  readonly lost?: { readonly since: number; readonly detail: string };
  /** It was told that the link is down. */
  readonly lostTold?: number;
  readonly regained?: { readonly since: number };
}

export const noNews: News = { conflicts: [], holds: [] };

export type Choice =
  | {
      readonly kind: 'take';
      readonly take: 'local' | 'container' | 'both';
      readonly ids: readonly string[];
      readonly paths: readonly Path[];
    }
  /** What an answer of the bot had changed. */
  | { readonly kind: 'undo'; readonly paths: readonly string[]; readonly since: number }
  | { readonly kind: 'diff'; readonly ids: readonly string[] }
  /** For these holds only: a button from yesterday must not let today's deletions go. */
  | {
      readonly kind: 'hold';
      readonly answer: 'approve' | 'reject';
      readonly holds: readonly HoldInfo[];
    };

export interface Notice {
  readonly reply: Reply;
  readonly choices: readonly { readonly label: string; readonly choice: Choice }[];
  /** Identities of what it tells, so that it is told once. */
  readonly keys: readonly string[];
}

export type Happening =
  | { readonly kind: 'event'; readonly event: SessionEvent }
  /** The connection to the session came about, or came back. */
  | { readonly kind: 'up'; readonly status: SessionStatus }
  | { readonly kind: 'down'; readonly time: number };

/** What is new after something happened. */
export function gather(news: News, happening: Happening): News {
  if (happening.kind === 'up') return gatherStatus(news, happening.status);
  if (happening.kind === 'down') return loseLink(news, happening.time, 'the session has ended');
  const { event } = happening;
  switch (event.type) {
    case 'conflict':
      return withConflicts(news, [event.conflict]);
    case 'resolved':
      return { ...news, conflicts: news.conflicts.filter(({ id }) => id !== event.conflict.id) };
    case 'hold':
      return withHolds(news, [event.hold]);
    case 'released':
      return { ...news, holds: news.holds.filter((one) => keyOf(one) !== keyOf(event.hold)) };
    case 'state':
      if (event.state === 'disconnected') return loseLink(news, event.time, event.detail ?? '');
      return event.state === 'connecting' ? news : regainLink(news);
    default:
      return news;
  }
}

function gatherStatus(news: News, status: SessionStatus): News {
  const open = status.conflicts.filter(({ settled }) => settled === 'open');
  const known = withHolds(withConflicts(news, open), status.holds);
  if (status.state === 'disconnected') return loseLink(known, status.since, '');
  return status.state === 'connecting' || status.state === 'stopped' ? known : regainLink(known);
}

function withConflicts(news: News, conflicts: readonly ConflictInfo[]): News {
  const ids = new Set(conflicts.map(({ id }) => id));
  return { ...news, conflicts: [...news.conflicts.filter(({ id }) => !ids.has(id)), ...conflicts] };
}

function withHolds(news: News, holds: readonly HoldInfo[]): News {
  const keys = new Set(holds.map(keyOf));
  return { ...news, holds: [...news.holds.filter((one) => !keys.has(keyOf(one))), ...holds] };
}

function loseLink(news: News, since: number, detail: string): News {
  if (news.lostTold !== undefined && news.regained === undefined) return news;
  const { regained, ...rest } = news;
  // Down again before it was told that it is back: it is still the same loss.
  if (regained !== undefined && news.lostTold !== undefined) return rest;
  return { ...rest, lost: news.lost ?? { since, detail } };
}

function regainLink(news: News): News {
  const { lost: _, ...rest } = news;
  return news.lostTold === undefined ? rest : { ...rest, regained: { since: news.lostTold } };
}

export interface ComposeInput {
  readonly now: number;
  /** A link that is down for less is not told. */
  readonly graceMs: number;
  readonly isTold: (key: string) => boolean;
  /** Where holds can be answered. */
  readonly answers: HoldNoticeInput;
}

/** The notices that are due, and what waits on. */
export function compose(
  news: News,
  input: ComposeInput,
): { readonly notices: readonly Notice[]; readonly rest: News } {
  const conflicts = news.conflicts.filter(({ id }) => !input.isTold(`conflict ${id}`));
  const holds = news.holds.filter((one) => !input.isTold(keyOf(one)));
  const isLost = news.lost !== undefined && input.now - news.lost.since >= input.graceMs;
  const notices = [
    ...(news.regained === undefined ? [] : [regainedNotice(news.regained.since, input.now)]),
    ...(isLost ? [lostNotice(news.lost?.detail ?? '')] : []),
    ...(holds.length === 0 ? [] : [holdNotice(holds, input.answers)]),
    ...(conflicts.length === 0 ? [] : [conflictNotice(conflicts)]),
  ];
  const { lost, lostTold, regained } = news;
  const told = isLost ? lost?.since : regained === undefined ? lostTold : undefined;
  return {
    notices,
    rest: {
      ...noNews,
      ...(lost === undefined || isLost ? {} : { lost }),
      ...(told === undefined ? {} : { lostTold: told }),
    },
  };
}

function lostNotice(detail: string): Notice {
  const why = detail === '' ? '' : `: ${detail}`;
  const text = `🔌 The link to the container is lost${why}. Edits wait, nothing is lost; I tell you when it is back.`;
  return { reply: plain(text), choices: [], keys: [] };
}

function regainedNotice(since: number, now: number): Notice {
  const text = `🔗 The link to the container is back (lost ${ago(now - since)}).`;
  return { reply: plain(text), choices: [], keys: [] };
}

/** What is told of a conflict. */
type Told = Pick<ConflictInfo, 'id' | 'path' | 'summary' | 'settled'>;

const maxListed = 10;

/** One message for all of them, with buttons that speak of all of them. */
export function conflictNotice(conflicts: readonly Told[]): Notice {
  const ids = conflicts.map(({ id }) => id);
  const paths = conflicts.map(({ path }) => path);
  const all = conflicts.length === 1 ? '' : ` (all ${conflicts.length})`;
  const head = conflicts.length === 1 ? '⚠️ A conflict: ' : `⚠️ ${conflicts.length} conflicts:\n`;
  const lines = conflicts.slice(0, maxListed).map(conflictLine);
  const rest = conflicts.length - maxListed;
  const more = rest > 0 ? [`… and ${rest} more; /conflicts lists them`] : [];
  const takes = [
    ['local', 'Keep local'],
    ['container', 'Keep container'],
    ['both', 'Keep both'],
  ] as const;
  return {
    reply: [
      piece('bold', head.trimEnd()),
      piece('plain', `${head.endsWith('\n') ? '\n' : ' '}${[...lines, ...more].join('\n')}`),
    ],
    choices: [
      ...takes.map(([take, label]) => ({
        label: label + all,
        choice: { kind: 'take', take, ids, paths } as const,
      })),
      { label: 'Show diff', choice: { kind: 'diff', ids } },
    ],
    keys: ids.map((id) => `conflict ${id}`),
  };
}

const settledWords = {
  open: 'open; both sides stay as they are until you decide',
  local: 'local was taken, the other version is in the history',
  container: "the container's was taken, the other version is in the history",
  merged: 'both were merged',
} as const;

function conflictLine({ path, summary, settled }: Told): string {
  return `${displayPath(path)}: ${summary} (${settledWords[settled]})`;
}

/**
 * What the bot says of holds. A container must not unlock its own deletions: a bot in it has no buttons for them, and
 * names the commands of the host instead. Pure.
 */
import type { HoldInfo } from '../control/api.ts';
import type { Notice } from './news.ts';
import { plain } from './reply.ts';

export interface HoldNoticeInput {
  /** False in the container. */
  readonly mayAnswer: boolean;
  /** The session's name, for commands. */
  readonly session?: string | undefined;
}

export function holdNotice(
  holds: readonly HoldInfo[],
  { mayAnswer, session }: HoldNoticeInput,
): Notice {
  const lines = holds.flatMap((hold) => {
    const line = `✋ ${hold.message}`;
    if (isAnswerable(hold)) return mayAnswer ? [line] : [line, onHost(hold, session)];
    return [line, hold.next];
  });
  const { approve, reject } = wordsFor(holds);
  const choices = [
    { label: approve, choice: { kind: 'hold', answer: 'approve', holds } },
    { label: reject, choice: { kind: 'hold', answer: 'reject', holds } },
  ] as const;
  return {
    reply: plain(lines.join('\n')),
    choices: mayAnswer && holds.some(isAnswerable) ? choices : [],
    keys: holds.map(keyOf),
  };
}

/** A hold is the same while its side, reason and start are. */
export function keyOf({ side, reason, since }: HoldInfo): string {
  return `hold ${side} ${reason} ${since}`;
}

/** A root that is gone waits for the root, and for no word of a person. */
export function isAnswerable({ reason }: Pick<HoldInfo, 'reason'>): boolean {
  return reason === 'mass-deletion' || reason === 'root-emptied' || reason === 'restored-snapshot';
}

/** What to do about it where only the host may. */
export function onHost({ next }: Pick<HoldInfo, 'next'>, session: string | undefined): string {
  const name = session === undefined ? '' : ` ${session}`;
  const commands = next.replace(/`cai (approve|reject|unwatch)`/g, `\`cai $1${name}\``);
  return `From inside the container I may not answer this. On the host: ${commands}`;
}

/** What the two answers are called, and what is said when they were given. */
export function wordsFor(holds: readonly HoldInfo[]) {
  const reasons = new Set(holds.filter(isAnswerable).map(({ reason }) => reason));
  const isPast = reasons.delete('restored-snapshot');
  if (!isPast)
    return {
      approve: 'Approve: delete them',
      reject: 'Reject: bring them back',
      approved: 'Approved: they are being deleted, and stay in the history.',
      rejected: 'Rejected: they come back.',
    };
  if (reasons.size === 0)
    return {
      approve: 'Approve: take the older state',
      reject: 'Reject: bring the present one back',
      approved: 'Approved: the older state goes over; what it replaces stays in the history.',
      rejected: 'Rejected: the present state comes back.',
    };
  return {
    approve: 'Approve all',
    reject: 'Reject all',
    approved: 'Approved.',
    rejected: 'Rejected.',
  };
}

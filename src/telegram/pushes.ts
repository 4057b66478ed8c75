/**
 * Tells what happens in the session to those who may know: after a moment in which more of the same may come, not
 * in quiet hours, and each thing once, also over a restart. While Telegram is away, news gather.
 */
import { toCaiError } from '../errors.ts';
import type { SessionPort } from '../mcp/port.ts';
import type { Memory } from './memory.ts';
import type { Happening, News, Notice } from './news.ts';
import { compose, gather, noNews } from './news.ts';
import type { Quiet } from './quiet.ts';
import { quietFor } from './quiet.ts';

export interface PushTimes {
  /** Wait for more of the same. */
  readonly settleMs: number;
  /** A link that is lost for less is not told. */
  readonly graceMs: number;
}

export const defaultPushTimes: PushTimes = { settleMs: 2000, graceMs: 10_000 };

export interface PushInput {
  readonly port: SessionPort;
  readonly memory: Pick<Memory, 'isTold' | 'addTold'>;
  readonly times?: PushTimes | undefined;
  readonly quiet?: Quiet | undefined;
  readonly signal: AbortSignal;
  /** Resolves when it is out. */
  readonly tell: (notice: Notice) => Promise<void>;
  readonly say: (line: string) => void;
}

export function followSession(input: PushInput): void {
  const { port, memory, times = defaultPushTimes, quiet, signal } = input;
  let news: News = noNews;
  let timer: NodeJS.Timeout | undefined;
  let telling = false;
  let isUp = false;
  let session: string | undefined;

  function later(ms: number): void {
    if (signal.aborted || telling) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      tellAll().catch((error: unknown) => input.say(toCaiError(error).message));
    }, ms);
  }
  /** A memory that cannot be written must not end the bot, nor keep what is told next; this may be told again. */
  const note = (keys: readonly string[]): void => {
    try {
      memory.addTold(keys);
    } catch (error) {
      input.say(toCaiError(error).message);
    }
  };
  const happen = (happening: Happening): void => {
    const before = news;
    news = gather(news, happening);
    if (news !== before) later(times.settleMs);
  };
  async function tellAll(): Promise<void> {
    const wait = quietFor(quiet, new Date());
    if (wait > 0) return later(Math.min(wait, 60_000));
    const { notices, rest } = compose(news, {
      now: Date.now(),
      graceMs: times.graceMs,
      isTold: memory.isTold,
      answers: { mayAnswer: port.side === 'local', session },
    });
    news = rest;
    telling = true;
    try {
      for (const notice of notices) {
        await input.tell(notice);
        note(notice.keys);
      }
    } finally {
      telling = false;
    }
    if (hasNews(news)) later(news.lost === undefined ? times.settleMs : times.graceMs);
  }

  const stop = port.follow({
    onUp(status) {
      isUp = true;
      session = status.name;
      happen({ kind: 'up', status });
    },
    onEvent: (event) => happen({ kind: 'event', event }),
    onDown() {
      if (isUp) happen({ kind: 'down', time: Date.now() });
    },
  });
  signal.addEventListener('abort', () => {
    stop();
    clearTimeout(timer);
  });
}

function hasNews({ conflicts, holds, lost, regained }: News): boolean {
  return conflicts.length > 0 || holds.length > 0 || lost !== undefined || regained !== undefined;
}

/** A port over a control socket. It holds one connection for events, and opens it again when it went. */
import type { CallName, Calls, SessionEvent } from '../control/api.ts';
import type { CallOptions, Peer, Subscription } from '../control/client.ts';
import { callSession, subscribe } from '../control/client.ts';
import type { CaiError } from '../errors.ts';
import { toCaiError } from '../errors.ts';
import type { Side } from '../tree/path.ts';
import type { Follower, SessionPort } from './port.ts';

const retryMs = 1000;

export interface ControlPortInput {
  readonly side: Side;
  /** Whom to ask; looked for again each time, since sessions come and go. Throws NO_SESSION. */
  readonly find: () => Peer;
}

export function controlPort({ side, find }: ControlPortInput): SessionPort {
  const feed = createFeed(find);
  return {
    side,
    isUp: feed.isUp,
    ready: feed.ready,
    follow: feed.follow,
    close: feed.close,
    async call<N extends CallName>(
      name: N,
      params: Calls[N]['params'],
      options: CallOptions = {},
    ): Promise<Calls[N]['result']> {
      const result = await callSession(find(), name, params, options);
      feed.nudge();
      return result;
    },
  };
}

/** The connection for events, shared by all followers. */
function createFeed(find: () => Peer) {
  const followers = new Set<Follower>();
  let subscription: Subscription | undefined;
  let opening = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let first: () => void = () => undefined;
  const tried = new Promise<void>((resolve) => {
    first = resolve;
  });

  const onEvent = (event: SessionEvent): void => {
    for (const follower of followers) follower.onEvent?.(event);
  };
  const later = (): void => {
    if (closed || followers.size === 0) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      nudge();
    }, retryMs);
    timer.unref();
  };
  async function open(): Promise<CaiError | undefined> {
    try {
      const found = await subscribe(find(), onEvent, { paths: true });
      if (closed) {
        found.close();
        return undefined;
      }
      subscription = found;
      for (const follower of followers) follower.onUp?.(found.status);
      void found.closed.then(() => {
        subscription = undefined;
        for (const follower of followers) follower.onDown?.();
        later();
      });
      return undefined;
    } catch (error) {
      return toCaiError(error);
    }
  }
  function nudge(): void {
    if (closed || opening || subscription !== undefined || followers.size === 0) return;
    opening = true;
    void open().then((fault) => {
      opening = false;
      first();
      if (fault !== undefined) later();
    });
  }
  return {
    isUp: () => subscription !== undefined,
    ready: () => tried,
    nudge,
    follow(follower: Follower): () => void {
      followers.add(follower);
      if (subscription !== undefined) follower.onUp?.(subscription.status);
      nudge();
      return () => {
        followers.delete(follower);
      };
    },
    close(): void {
      closed = true;
      first();
      clearTimeout(timer);
      subscription?.close();
      followers.clear();
    },
  };
}

/** A session to look at, in this process or in another: what the displays of `cai watch` need. */
import type { SessionEvent, SessionRecord, SessionStatus } from '../control/api.ts';
import { subscribe } from '../control/client.ts';
import type { Hosted } from '../control/host.ts';
import { statusOf } from '../control/status.ts';

export interface Feed {
  readonly status: () => Promise<SessionStatus>;
  /** Calls back for every event until the session or the feed ends. */
  readonly onEvent: (listener: (event: SessionEvent) => void) => void;
  /** What Ctrl-C does. */
  readonly hint: string;
}

export interface AttachedFeed extends Feed {
  /** Settles when the session's process has gone, or after close(). */
  readonly closed: Promise<void>;
  readonly close: () => void;
}

/** A session that this process runs. */
export function hostedFeed(hosted: Hosted): Feed {
  return {
    status: async () => hosted.session.status(),
    onEvent: (listener) => {
      hosted.session.onEvent(listener);
    },
    hint: 'Ctrl-C ends the session; watch again to go on',
  };
}

/** A session that another process runs. */
export async function attachedFeed(record: SessionRecord): Promise<AttachedFeed> {
  const listeners = new Set<(event: SessionEvent) => void>();
  const subscription = await subscribe(record, (event) => {
    for (const listener of listeners) listener(event);
  });
  return {
    status: () => statusOf(record),
    onEvent: (listener) => {
      listeners.add(listener);
    },
    hint: 'Ctrl-C stops looking; the session goes on',
    closed: subscription.closed,
    close: subscription.close,
  };
}

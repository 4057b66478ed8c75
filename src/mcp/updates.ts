/**
 * From the session's events to what MCP clients are told: which resources are new, and what needs a person now.
 * Many events become few notifications: a resource is told at once, and then at most four times a second.
 */
import type { SessionEvent } from '../control/api.ts';
import { displayPath } from '../tree/path.ts';
import type { SessionPort } from './port.ts';
import { conflictsUri, eventsUri, fileUri, statusUri } from './uris.ts';

/** Something that a client should show at once. */
export interface Alert {
  readonly level: 'notice' | 'warning' | 'error';
  readonly about: 'conflict' | 'hold' | 'link' | 'problem';
  readonly message: string;
  readonly next?: string;
}

export interface Listener {
  onUpdate(uri: string): void;
  /** Many files at once: whoever follows files looks again. */
  onManyFiles(): void;
  onAlert(alert: Alert): void;
}

export interface Updates {
  listen(listener: Listener): () => void;
  /** The last events, oldest first. */
  events(): readonly SessionEvent[];
  close(): void;
}

const pauseMs = 250;
const eventsKept = 500;

export function createUpdates(port: SessionPort): Updates {
  const listeners = new Set<Listener>();
  const events: SessionEvent[] = [];
  const throttle = createThrottle((uri) => {
    for (const listener of listeners) listener.onUpdate(uri);
  });
  const alert = (given: Alert | undefined): void => {
    if (given !== undefined) for (const listener of listeners) listener.onAlert(given);
  };
  const stop = port.follow({
    onUp: () => throttle.tell(statusUri),
    onDown() {
      throttle.tell(statusUri);
      alert({ level: 'warning', about: 'link', message: 'The session has ended.' });
    },
    onEvent(event) {
      if (event.type === 'progress') return;
      events.push(event);
      if (events.length > eventsKept) events.shift();
      for (const uri of urisOf(event)) throttle.tell(uri);
      if (event.type === 'batch') for (const listener of listeners) listener.onManyFiles();
      alert(alertOf(event));
    },
  });
  return {
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    events: () => events,
    close() {
      stop();
      throttle.close();
      listeners.clear();
    },
  };
}

function urisOf(event: SessionEvent): string[] {
  switch (event.type) {
    case 'transfer':
      return [eventsUri, fileUri(event.transfer.path)];
    case 'conflict':
    case 'resolved':
      return [eventsUri, conflictsUri, statusUri];
    case 'state':
    case 'ready':
    case 'batch':
    case 'problem':
    case 'solved':
    case 'hold':
    case 'released':
      return [eventsUri, statusUri];
    default:
      return [eventsUri];
  }
}

function alertOf(event: SessionEvent): Alert | undefined {
  switch (event.type) {
    case 'conflict': {
      const { path, summary, settled, id } = event.conflict;
      const message = `Conflict at ${displayPath(path)}: ${summary}`;
      const next = `See it with list_conflicts, settle it with resolve_conflict (${id}).`;
      return { level: settled === 'open' ? 'warning' : 'notice', about: 'conflict', message, next };
    }
    case 'hold': {
      const { message, next } = event.hold;
      return { level: 'warning', about: 'hold', message, next };
    }
    case 'state':
      return event.state === 'disconnected'
        ? {
            level: 'warning',
            about: 'link',
            message: `The link is lost: ${event.detail ?? ''}`.trim(),
          }
        : undefined;
    case 'problem': {
      const { message, next } = event.problem;
      const about = { level: 'warning', about: 'problem', message } as const;
      return next === undefined ? about : { ...about, next };
    }
    default:
      return undefined;
  }
}

/** The first at once, then one a pause as long as there are more. */
function createThrottle(tellNow: (uri: string) => void) {
  const waiting = new Map<string, boolean>();
  const timers = new Set<NodeJS.Timeout>();
  const rest = (uri: string): void => {
    waiting.set(uri, false);
    const timer = setTimeout(() => {
      timers.delete(timer);
      const again = waiting.get(uri) === true;
      waiting.delete(uri);
      if (!again) return;
      tellNow(uri);
      rest(uri);
    }, pauseMs);
    timer.unref();
    timers.add(timer);
  };
  return {
    tell(uri: string): void {
      if (waiting.has(uri)) {
        waiting.set(uri, true);
        return;
      }
      tellNow(uri);
      rest(uri);
    },
    close(): void {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      waiting.clear();
    },
  };
}

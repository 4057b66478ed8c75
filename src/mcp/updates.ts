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

/** What a client, or several of them, wants to be told of. */
export interface Followed extends Iterable<string> {
  has(uri: string): boolean;
}

export interface Listener {
  readonly followed: Followed;
  /** One of what is followed is new. */
  onUpdate(uri: string): void;
  onAlert?(alert: Alert): void;
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
    for (const listener of listeners) if (listener.followed.has(uri)) listener.onUpdate(uri);
  });
  /** What nobody follows costs nothing. */
  const tell = (uri: string): void => {
    if ([...listeners].some(({ followed }) => followed.has(uri))) throttle.tell(uri);
  };
  /** It is not known what changed: everything that is followed is looked at again. */
  const tellAll = (): void => {
    for (const listener of listeners) for (const uri of listener.followed) throttle.tell(uri);
  };
  const alert = (given: Alert | undefined): void => {
    if (given !== undefined) for (const listener of listeners) listener.onAlert?.(given);
  };
  let wasDown = false;
  const stop = port.follow({
    onUp() {
      if (wasDown) tellAll();
      else tell(statusUri);
    },
    onDown() {
      wasDown = true;
      tell(statusUri);
      alert({ level: 'warning', about: 'link', message: 'The session has ended.' });
    },
    onEvent(event) {
      if (event.type === 'progress') return;
      events.push(withoutPaths(event));
      if (events.length > eventsKept) events.shift();
      // An older session does not say what is in a batch.
      if (event.type === 'batch' && event.paths === undefined) tellAll();
      else for (const uri of urisOf(event)) tell(uri);
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

function withoutPaths(event: SessionEvent): SessionEvent {
  if (event.type !== 'batch') return event;
  const { paths: _, ...rest } = event;
  return rest;
}

function urisOf(event: SessionEvent): string[] {
  switch (event.type) {
    case 'transfer': {
      const { path, from } = event.transfer;
      return [eventsUri, fileUri(path), ...(from === undefined ? [] : [fileUri(from)])];
    }
    case 'batch':
      return [eventsUri, statusUri, ...(event.paths ?? []).map(fileUri)];
    case 'conflict':
    case 'resolved':
      return [eventsUri, conflictsUri, statusUri];
    case 'state':
    case 'ready':
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

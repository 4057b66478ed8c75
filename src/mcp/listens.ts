/**
 * What the clients of the newer revision follow: the URIs of their open `subscriptions/listen` streams. The SDK
 * keeps account of them for itself only; here it decides what is worth being told.
 */
import type { Followed } from './updates.ts';

export interface Listens extends Followed {
  open(id: unknown, uris: readonly string[]): void;
  close(id: unknown): void;
}

export function createListens(): Listens {
  const streams = new Map<unknown, ReadonlySet<string>>();
  /** By URI: in how many streams it is. */
  const counts = new Map<string, number>();
  const close = (id: unknown): void => {
    for (const uri of streams.get(id) ?? []) {
      const count = (counts.get(uri) ?? 0) - 1;
      if (count > 0) counts.set(uri, count);
      else counts.delete(uri);
    }
    streams.delete(id);
  };
  return {
    has: (uri) => counts.has(uri),
    [Symbol.iterator]: () => counts.keys(),
    open(id, uris) {
      close(id);
      const unique = new Set(uris);
      streams.set(id, unique);
      for (const uri of unique) counts.set(uri, (counts.get(uri) ?? 0) + 1);
    },
    close,
  };
}

/** The URIs that a `subscriptions/listen` request asks for. */
export function urisOfListen(message: unknown): string[] {
  const { params } = (message ?? {}) as {
    params?: { notifications?: { resourceSubscriptions?: unknown } };
  };
  const uris = params?.notifications?.resourceSubscriptions;
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
}

/**
 * The streams of clients of the newer revision, by what they follow: of a thousand changed files only those
 * go further that somebody wants to hear of, and only to them.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerEventBus } from '@modelcontextprotocol/server';
import { createListens, type Listens } from '../listens.ts';

type Listener = Parameters<ServerEventBus['subscribe']>[0];

export interface FollowBus extends ServerEventBus {
  readonly followed: Listens;
  /** Serves a request whose stream, if it opens one, follows these. */
  serving<T>(uris: readonly string[], serve: () => Promise<T>): Promise<T>;
}

export function createFollowBus(onError: (error: Error) => void): FollowBus {
  const followed = createListens();
  const asked = new AsyncLocalStorage<readonly string[]>();
  const streams = new Map<string, Set<Listener>>();
  const leave = (uri: string, listener: Listener): void => {
    const here = streams.get(uri);
    here?.delete(listener);
    if (here?.size === 0) streams.delete(uri);
  };
  return {
    followed,
    serving: (uris, serve) => asked.run(uris, serve),
    subscribe(listener) {
      const uris = asked.getStore() ?? [];
      followed.open(listener, uris);
      for (const uri of uris) streams.set(uri, (streams.get(uri) ?? new Set()).add(listener));
      return () => {
        followed.close(listener);
        for (const uri of uris) leave(uri, listener);
      };
    },
    publish(event) {
      // The lists of tools, prompts and resources never change.
      if (event.kind !== 'resource_updated') return;
      for (const listener of [...(streams.get(event.uri) ?? [])]) {
        try {
          listener(event);
        } catch (error) {
          onError(error instanceof Error ? error : new Error(String(error)));
        }
      }
    },
  };
}

/** Short ways to make stores, entries and versions in this room's tests. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { DirectoryEntry, FileEntry } from '../tree/entry.ts';
import { type OpenOptions, openStore } from './open.ts';
import type { BaseChange, NewVersion, Store } from './store.ts';

export const day = 86_400_000;
export const limits = { maxAge: 14 * day, maxBytes: 1024 ** 3 };

export const directory: DirectoryEntry = { kind: 'directory', mode: 0o755 };

export function file(content: string | Uint8Array): FileEntry {
  const digest = createHash('sha256').update(content).digest('hex');
  const size = Buffer.byteLength(content);
  return {
    kind: 'file',
    digest,
    size,
    executable: false,
    mode: 0o644,
    mtime: 1_700_000_000_123.25,
  };
}

export function version(path: string, content: string, time = Date.now()): NewVersion {
  return { path, side: 'local', time, reason: 'replaced', entry: file(content) };
}

/** A new store (or the one in `options.directory`), closed when the test ends. */
export function testStore(options: Partial<OpenOptions> = {}): Store {
  const store = openStore({ directory: join(temporaryDirectory(), 'session'), limits, ...options });
  onTestFinished(() => store.close());
  return store;
}

export function commitBase(store: Store, ...base: BaseChange[]): void {
  store.commit({ base, versions: [], events: [] });
}

/** Puts the content and commits the version. */
export function keep(store: Store, path: string, content: string, time?: number): string {
  store.contents.putBytes(Buffer.from(content));
  const [kept] = store.commit({ base: [], versions: [version(path, content, time)], events: [] });
  if (kept === undefined) throw new Error('no version came back');
  return kept.id;
}

/** Names below a store's directory of everything that holds a content, half-written ones too. */
export function contentFiles(store: Store): string[] {
  const objects = join(store.directory, 'objects');
  return readdirSync(objects).flatMap((prefix) =>
    readdirSync(join(objects, prefix)).map((name) => join(objects, prefix, name)),
  );
}

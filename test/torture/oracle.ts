/**
 * The oracle of tokens (invariant 1): whatever was the whole content of a path is in a tree, in the
 * history, or was replaced by a writer of the same side.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import type { WriterLog } from '../support/writer.ts';

export interface Testimony extends Pick<WriterLog, 'written' | 'replaced'> {
  /** Its lines, as they stand in the log. */
  readonly lines?: readonly string[];
}

/** What a writer's log file says; its last line may have been cut by the writer's end. */
export function readTestimony(text: string): Testimony {
  const lines = text.split('\n').slice(0, -1);
  const testimony: Testimony = { written: [], replaced: [], lines };
  for (const line of lines) {
    const [list, content] = JSON.parse(line) as ['written' | 'replaced', string];
    testimony[list].push(content);
  }
  return testimony;
}

/** Contents of the files below a directory; cai's own hidden ones are left out. */
export function contentsBelow(directory: string, found = new Set<string>()): Set<string> {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.name.startsWith('.cai-')) continue;
    if (entry.isDirectory()) contentsBelow(path, found);
    else if (entry.isFile()) found.add(fs.readFileSync(path, 'latin1'));
  }
  return found;
}

export function contentsInHistory(store: Store): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const { entry, kept, path } of store.history()) {
    if (entry.kind !== 'file' || seen.has(entry.digest)) continue;
    seen.add(entry.digest);
    const bytes = store.contents.read(entry.digest);
    if (bytes !== undefined) found.add(Buffer.from(bytes).toString('latin1'));
    else if (kept) throw new Error(`a version of ${path} is said to be kept and is not`);
  }
  return found;
}

/** Fails when something that was written is nowhere any more; answers with how many tokens were judged. */
export function judge(testimonies: readonly Testimony[], ...places: ReadonlySet<string>[]): number {
  const excused = new Set(testimonies.flatMap(({ replaced }) => replaced));
  const written = testimonies.flatMap((testimony) => testimony.written);
  const lost = written.filter(
    (text) => !excused.has(text) && !places.some((place) => place.has(text)),
  );
  expect(lost, `contents that are nowhere any more\n${tracesOf(lost, testimonies)}`).toEqual([]);
  return written.length;
}

/** What the writers said of them. */
function tracesOf(lost: readonly string[], testimonies: readonly Testimony[]): string {
  const isOf = (line: string) => lost.some((text) => line.includes(JSON.stringify(text)));
  return testimonies.flatMap(({ lines = [] }) => lines.filter(isOf)).join('\n');
}

/** For tests: writers in threads of their own, and an oracle that knows what they wrote. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WriterLog, WriterOptions } from '../../test/support/writer.ts';
import { writerThread } from '../../test/support/writer.ts';
import type { Store } from '../store/store.ts';

export function runWriter(options: WriterOptions): Promise<WriterLog> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(writerThread(), { eval: true, workerData: options });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

export function contentsBelow(directory: string, found: Set<string>): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) contentsBelow(path, found);
    else if (entry.isFile()) found.add(fs.readFileSync(path, 'latin1'));
  }
}

export function contentsInHistory(store: Store, found: Set<string>): void {
  for (const { entry } of store.history()) {
    if (entry.kind !== 'file') continue;
    const bytes = store.contents.read(entry.digest);
    if (bytes !== undefined) found.add(Buffer.from(bytes).toString('latin1'));
  }
}

/** What writers wrote that is neither in `found` nor was replaced by one of them. */
export function lostOf(logs: readonly WriterLog[], found: ReadonlySet<string>): readonly string[] {
  const excused = new Set(logs.flatMap((log) => log.replaced));
  return logs
    .flatMap((log) => log.written)
    .filter((text) => !found.has(text) && !excused.has(text));
}

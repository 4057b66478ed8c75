/**
 * Keeps the contents of agreed texts known (store/texts.ts): most come by as they are carried over; what
 * did not, because both sides held it from the start or the pack was lost, is read here in the background.
 */
import { inlineLimit } from '../replica/replica.ts';
import type { FileEntry } from '../tree/entry.ts';
import { maxTextBytes } from '../tree/merge-text.ts';
import type { Path } from '../tree/path.ts';
import { readSide } from './contents.ts';
import type { Engine } from './engine.ts';

const filesAtOnce = 32;

/** Reads what the base names and nobody knows the content of, from the local side. */
export async function fillTexts(engine: Engine, isStopped: () => boolean): Promise<void> {
  const { core, store } = engine;
  const { texts } = store;
  await texts.ready();
  let batch: [Path, FileEntry][] = [];
  for (const [path, entry] of core.base.entries()) {
    if (entry.kind !== 'file' || entry.size > maxTextBytes || texts.has(entry.digest)) continue;
    if (core.sides.local.changes.has(path) || entry.size > texts.room) continue;
    if (entry.size > inlineLimit) {
      const bytes = await readSide(engine, 'local', path, entry);
      if (bytes !== undefined) texts.add(entry.digest, bytes);
    } else batch.push([path, entry]);
    if (batch.length >= filesAtOnce) {
      await readBatch(engine, batch);
      batch = [];
    }
    if (isStopped()) return;
  }
  await readBatch(engine, batch);
}

async function readBatch(engine: Engine, batch: readonly [Path, FileEntry][]): Promise<void> {
  const { replica } = engine.core.sides.local;
  if (replica === undefined || batch.length === 0) return;
  const files = batch.map(([path, { digest }]) => ({ path, digest }));
  for (const [index, result] of (await replica.readSmall(files)).entries())
    if (result.ok)
      engine.store.texts.add((batch[index] as [Path, FileEntry])[1].digest, result.bytes);
  // Whatever has more hurry goes before.
  await new Promise((resolve) => setImmediate(resolve));
}

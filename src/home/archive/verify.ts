/** Reads an archive that was just written, as a restore would, and compares it with what went in. */
import { createHash } from 'node:crypto';
import { CaiError } from '../../errors.ts';
import { stopIfCancelled } from '../cancelled.ts';
import type { VolumeEntry } from '../volume/entry.ts';
import { readArchive } from './read.ts';

/** What went into an archive. */
export interface Written {
  readonly entry: VolumeEntry;
  /** SHA-256 in hex of a file's content. */
  readonly digest: string;
}

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEntry?: (done: { readonly files: number; readonly bytes: number }) => void;
}

/** Answers with the archive's size. Throws ARCHIVE when it is not what was written. */
export async function verifyArchive(
  source: AsyncIterable<Uint8Array>,
  written: ReadonlyMap<string, Written>,
  { signal, onEntry }: VerifyOptions,
): Promise<{ readonly size: number }> {
  const done = { files: 0, bytes: 0 };
  let size = 0;
  let entries = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const bytes of source) {
      size += bytes.length;
      yield bytes;
    }
  }
  const limits = { maxBytes: Number.MAX_SAFE_INTEGER / 2, maxEntries: written.size + 1 };
  for await (const found of readArchive(counted(), limits)) {
    stopIfCancelled(signal);
    const expected = written.get(found.path);
    const hash = createHash('sha256');
    for await (const bytes of found.content) hash.update(bytes);
    const digest = found.kind === 'file' ? hash.digest('hex') : '';
    if (expected?.entry.kind !== found.kind || expected.digest !== digest)
      throw differs(found.path);
    if (expected.entry.kind === 'link' && expected.entry.target !== found.target)
      throw differs(found.path);
    entries += 1;
    if (found.kind !== 'file') continue;
    done.files += 1;
    done.bytes += found.size;
    onEntry?.({ ...done });
  }
  if (entries !== written.size) throw differs('a path');
  return { size };
}

function differs(path: string): CaiError {
  return new CaiError('ARCHIVE', `The archive does not hold what was written into it: ${path}.`, {
    path,
    next: 'Check the disk, then export again; no archive was kept.',
  });
}

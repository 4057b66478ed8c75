/** Contents of planned files: read when they are asked for, each as one moment had it. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { CaiError, toCaiError } from '../../errors.ts';
import type { PlannedContent } from './plan.ts';

/** The source changed under our hands; another try may find it quiet. */
export class SourceChanged extends CaiError {}

/** Up to this a file is read at once, so that one which is being written to is taken in one piece. */
const atOnce = 8 * 1024 * 1024;

export interface Loaded {
  readonly size: number;
  readonly content: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** SHA-256 in hex; of a large file, once its content was read. */
  readonly digest: () => string;
}

/** Throws PERMISSION when it cannot be read, BUSY when it changes under our hands. */
export async function load(content: PlannedContent): Promise<Loaded> {
  if (content.kind === 'text') return inMemory(Buffer.from(content.text));
  const { real } = content;
  try {
    const handle = await open(real, 'r');
    try {
      const { size } = await handle.stat();
      if (size <= atOnce) return inMemory(await handle.readFile());
      return stream(real, size);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw readFault(real, error);
  }
}

/** SHA-256 in hex of what would be written. */
export async function digestOf(content: PlannedContent): Promise<string> {
  const loaded = await load(content);
  for await (const _ of loaded.content());
  return loaded.digest();
}

function inMemory(bytes: Buffer): Loaded {
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { size: bytes.length, content: () => [bytes], digest: () => digest };
}

function stream(real: string, size: number): Loaded {
  const hash = createHash('sha256');
  let read = 0;
  let digest = '';
  async function* content(): AsyncGenerator<Uint8Array> {
    const handle = await open(real, 'r');
    try {
      for await (const chunk of handle.createReadStream({ autoClose: false })) {
        const bytes = chunk as Buffer;
        read += bytes.length;
        if (read > size) break;
        hash.update(bytes);
        yield bytes;
      }
    } finally {
      await handle.close();
    }
    if (read !== size) throw busy(real);
    digest = hash.digest('hex');
  }
  return { size, content, digest: () => digest };
}

function readFault(path: string, error: unknown): CaiError {
  const known = toCaiError(error, path);
  if (known instanceof SourceChanged) return known;
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return busy(path);
  return new CaiError(known.code, `${path} cannot be read: ${known.message}`, {
    path,
    next: 'Make it readable, or leave it out with an exclude. Nothing was changed.',
    cause: error,
  });
}

function busy(path: string): CaiError {
  return new SourceChanged('BUSY', `${path} was written to while it was read.`, {
    path,
    next: 'Import again when it is quiet. Nothing was changed.',
  });
}

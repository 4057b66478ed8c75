/**
 * Contents that wait in the staging area for the action that places them: complete and checked, or not
 * there at all.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { CaiError, toCaiError } from '../errors.ts';
import type { Digest } from '../tree/entry.ts';
import type { Area } from './area.ts';
import { closeQuietly } from './digest.ts';
import type { Disk } from './disk-path.ts';
import { writeAsync } from './fs-port.ts';
import type { Content } from './replica.ts';

export interface StagedContent {
  readonly at: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface Staged {
  receive(content: Content, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  /** Takes a file of this room that was found to be right. */
  adopt(content: Content, at: string): void;
  /** Hands a content over to whoever places it; it is not staged any more then. */
  take(id: string): StagedContent | undefined;
  /** Gives it back: it could not be placed. */
  putBack(id: string, content: StagedContent): void;
  drop(id: string): void;
}

export function createStaged(disk: Disk, area: Area): Staged {
  const contents = new Map<string, StagedContent>();
  const drop = (id: string): void => {
    const content = contents.get(id);
    contents.delete(id);
    if (content !== undefined) removeQuietly(disk, content.at);
  };
  return {
    receive: async (content, chunks, signal) => {
      drop(content.id);
      const at = `${area.open()}/${area.next('new')}`;
      try {
        await write(disk, at, content, chunks, signal);
      } catch (error) {
        removeQuietly(disk, at);
        throw toCaiError(error, content.path);
      }
      contents.set(content.id, { at, digest: content.digest, size: content.size });
    },
    adopt: ({ id, digest, size }, at) => {
      drop(id);
      contents.set(id, { at, digest, size });
    },
    take: (id) => {
      const content = contents.get(id);
      contents.delete(id);
      return content;
    },
    putBack: (id, content) => {
      contents.set(id, content);
    },
    drop,
  };
}

export const openToStage =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

async function write(
  { fs }: Disk,
  at: string,
  { digest, size, path }: Content,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fd = fs.openSync(at, openToStage, 0o600);
  try {
    const hash = createHash('sha256');
    let got = 0;
    for await (const chunk of chunks) {
      if (signal?.aborted) throw new CaiError('CANCELLED', 'The transfer was cancelled.', { path });
      got += chunk.length;
      if (got > size) throw new CaiError('BUSY', 'More bytes came than were announced.', { path });
      hash.update(chunk);
      await writeAsync(fs, fd, chunk);
    }
    if (got !== size || hash.digest('hex') !== digest) {
      throw new CaiError('BUSY', 'The content changed while it was transferred.', { path });
    }
  } finally {
    closeQuietly(fs, fd);
  }
}

export function removeQuietly({ fs }: Disk, at: string | Buffer): void {
  try {
    fs.unlinkSync(at);
  } catch {
    // It is not there, or the area is removed as a whole later.
  }
}

/** An archive as a file that can be read twice: standard input is kept in a temporary file for that. */
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CaiError, toCaiError } from '../../errors.ts';

export interface Spool {
  /** Its bytes, from the beginning; as often as wanted. */
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface SpoolOptions {
  /** A path, or '-' for standard input. */
  readonly archive: string;
  /** More of standard input than this is refused. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** For tests. */
  readonly input?: NodeJS.ReadableStream;
}

/** Throws ARCHIVE, IO, PERMISSION, NO_SPACE. */
export async function spoolArchive(options: SpoolOptions): Promise<Spool> {
  const { archive, signal } = options;
  if (archive === '-') return spoolInput(options);
  await checkFile(archive);
  return { read: () => createReadStream(archive, { signal }), close: async () => {} };
}

async function checkFile(archive: string): Promise<void> {
  try {
    const file = await open(archive);
    try {
      if ((await file.stat()).isFile()) return;
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw toCaiError(error, archive);
    throw new CaiError('ARCHIVE', `There is no archive ${archive}.`, {
      path: archive,
      next: 'Name a .tgz file as `cai export` makes it, or a directory.',
      cause: error,
    });
  }
  throw new CaiError('ARCHIVE', `${archive} is no file.`, {
    path: archive,
    next: 'Name a .tgz file as `cai export` makes it.',
  });
}

async function spoolInput({
  maxBytes,
  signal,
  input = process.stdin,
}: SpoolOptions): Promise<Spool> {
  const { file, drop } = await namelessFile();
  const close = async (): Promise<void> => {
    await file.close();
    await drop();
  };
  try {
    const keep = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const bytes of source) await file.writeFile(bytes);
    };
    await pipeline(limited(input, maxBytes), keep, { signal });
    return { read: () => contentOf(file), close };
  } catch (error) {
    await close();
    if (signal?.aborted) throw new CaiError('CANCELLED', 'Cancelled; nothing was changed.');
    throw toCaiError(error);
  }
}

async function* contentOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(65_536), 0, 65_536, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

interface NamelessFile {
  readonly file: FileHandle;
  readonly drop: () => Promise<void>;
}

/** For its owner alone, and without a name where the system can do that: archives hold secrets, and we may be killed. */
async function namelessFile(): Promise<NamelessFile> {
  const directory = await mkdtemp(join(tmpdir(), 'cai-restore-'));
  const drop = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const file = await open(join(directory, 'archive.tgz'), 'wx+', 0o600);
    if (process.platform !== 'win32') await drop();
    return { file, drop };
  } catch (error) {
    await drop();
    throw toCaiError(error);
  }
}

async function* limited(
  input: NodeJS.ReadableStream,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBytes)
      throw new CaiError('ARCHIVE', `The archive is refused: it is over ${maxBytes} bytes long.`, {
        next: 'Nothing was changed. If you trust it, raise max_size in [restore] of the configuration.',
      });
    yield chunk;
  }
}

/**
 * Reads an archive that anybody may have made. Whatever could not be unpacked safely is refused, with what
 * is wrong; memory and work are bounded by the limits whatever the archive claims.
 */
import { createGunzip } from 'node:zlib';
import type { Extract, Header } from 'tar-stream';
import { CaiError } from '../../errors.ts';
import { volumePathFault } from '../volume/entry.ts';
import { createPathBook } from './path-book.ts';

export interface ArchiveLimits {
  /** Of all contents together, unpacked. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export interface ArchiveEntry {
  readonly kind: 'file' | 'directory' | 'link';
  /** Normal and relative. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds since 1970, whole seconds. */
  readonly mtime: number;
  readonly size: number;
  /** Links. */
  readonly target: string;
  /** Files: exactly `size` bytes. What is not read is passed over. */
  readonly content: AsyncIterable<Uint8Array>;
  /** The archive was made by an export, so its owners are those of a volume. */
  readonly own: boolean;
}

/** Bytes of headers, padding and such that an entry may take. */
const overhead = { base: 8 * 1024 * 1024, entry: 8192 };
/** On the first entry of an archive that an export made. */
export const ownMark = 'CAI.export';

/** The entries in the order of the archive. Throws ARCHIVE. */
export async function* readArchive(
  source: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
): AsyncGenerator<ArchiveEntry> {
  const { extract } = await import('tar-stream');
  const unpack = extract();
  unpack.on('error', () => {});
  const seen = { entries: 0, content: 0, raw: 0 };
  const feeding = feed(
    source,
    unpack,
    () => {
      if (seen.raw > seen.content + overhead.base + seen.entries * overhead.entry)
        throw refused('it is mostly filling, as an archive that is made to exhaust a machine');
      if (seen.raw > limits.maxBytes + overhead.base + limits.maxEntries * overhead.entry)
        throw tooLarge(limits);
    },
    seen,
  );
  const paths = createPathBook();
  let own = false;
  try {
    for await (const entry of unpack) {
      seen.entries += 1;
      if (seen.entries > limits.maxEntries) throw tooMany(limits);
      const { header } = entry;
      const path = normalPath(header.name);
      if (path === '') own ||= paxOf(header)[ownMark] !== undefined;
      else {
        const read = check(header, path, own);
        seen.content += read.size;
        if (seen.content > limits.maxBytes) throw tooLarge(limits);
        const fault = paths.add(path, read.kind);
        if (fault !== undefined) throw refused(`${name(path)} ${fault}`);
        yield { ...read, content: entry as unknown as AsyncIterable<Uint8Array> };
      }
      await passOver(entry);
    }
    await feeding;
  } catch (thrown) {
    throw await archiveError(thrown, feeding);
  } finally {
    unpack.destroy(new Error('enough'));
    await feeding.catch(() => {});
  }
}

/** Unpacks the source into the reader, as fast as that takes it. */
async function feed(
  source: AsyncIterable<Uint8Array>,
  unpack: Extract,
  check: () => void,
  seen: { raw: number },
): Promise<void> {
  // Streams of tar-stream end without a word when they are destroyed.
  const closed = new Promise<void>((resolve) => {
    unpack.once('close', resolve);
  });
  try {
    for await (const bytes of gunzip(source)) {
      seen.raw += bytes.length;
      check();
      if (unpack.destroyed) return;
      if (unpack.write(bytes)) continue;
      const drained = new Promise<void>((resolve) => {
        unpack.once('drain', resolve);
      });
      await Promise.race([drained, closed]);
    }
    unpack.end(undefined);
  } catch (error) {
    unpack.destroy(error as Error);
    throw error;
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const inflate = createGunzip();
  const closed = new Promise<void>((resolve) => {
    inflate.once('close', resolve);
  });
  const writing = (async () => {
    let head = Buffer.alloc(0);
    for await (const bytes of source) {
      if (head.length < 2) {
        head = Buffer.concat([head, bytes.subarray(0, 2)]);
        if (head.length >= 2 && (head[0] !== 0x1f || head[1] !== 0x8b)) throw notGzip();
      }
      if (inflate.destroyed) return;
      if (inflate.write(bytes)) continue;
      const drained = new Promise<void>((resolve) => {
        inflate.once('drain', resolve);
      });
      await Promise.race([drained, closed]);
    }
    if (head.length < 2) throw notGzip();
    inflate.end();
  })();
  writing.catch((error: Error) => inflate.destroy(error));
  try {
    yield* inflate as AsyncIterable<Buffer>;
    await writing;
  } finally {
    inflate.destroy();
  }
}

async function passOver(entry: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of entry);
}

function paxOf(header: Header): Readonly<Record<string, string | undefined>> {
  return (header.pax ?? {}) as Record<string, string>;
}

function normalPath(text: string): string {
  return text
    .replace(/^(\.\/+)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}

function check(header: Header, path: string, own: boolean): Omit<ArchiveEntry, 'content'> {
  const fault = header.name.startsWith('/') ? 'is absolute' : volumePathFault(path);
  if (fault !== undefined) throw refused(`the path ${name(header.name)} ${fault}`);
  const kind = kindOf(header, path);
  const size = header.size ?? 0;
  if (kind !== 'file' && size > 0) throw refused(`${name(path)} is a ${kind} and has a content`);
  const target = header.linkname ?? '';
  if (kind === 'link' && (target === '' || target.includes('\0') || target.length > 4095))
    throw refused(`${name(path)} is a link to nowhere`);
  const pax = paxOf(header);
  const seconds = Math.floor((header.mtime?.getTime() ?? 0) / 1000);
  return {
    kind,
    path,
    mode: (header.mode ?? 0) & 0o7777,
    uid: number(pax.uid ?? header.uid),
    gid: number(pax.gid ?? header.gid),
    mtime: Number.isFinite(seconds) ? seconds * 1000 : 0,
    size,
    target,
    own,
  };
}

/** -1 and above 2^32 are no owners. */
function number(value: string | number | undefined): number {
  const id = Number(value ?? 0);
  return Number.isSafeInteger(id) && id >= 0 && id < 2 ** 32 - 1 ? id : 0;
}

const refusals: Readonly<Record<string, string>> = {
  link: 'a hard link',
  'character-device': 'a device',
  'block-device': 'a device',
  fifo: 'a pipe',
};

function kindOf({ type }: Header, path: string): ArchiveEntry['kind'] {
  if (type === 'file') return 'file';
  if (type === 'directory') return 'directory';
  if (type === 'symlink') return 'link';
  throw refused(`${name(path)} is ${refusals[type ?? ''] ?? 'of a kind that is not known'}`);
}

function name(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}

const nothingDone = 'Nothing was changed.';

function refused(why: string): CaiError {
  return new CaiError('ARCHIVE', `The archive is refused: ${why}.`, {
    next: `${nothingDone} Archives of \`cai export\` hold nothing of the kind.`,
  });
}

function tooLarge({ maxBytes }: ArchiveLimits): CaiError {
  return new CaiError('ARCHIVE', `The archive is refused: it unpacks to over ${maxBytes} bytes.`, {
    next: `${nothingDone} If you trust it, raise max_size in [restore] of the configuration.`,
  });
}

function tooMany({ maxEntries }: ArchiveLimits): CaiError {
  return new CaiError('ARCHIVE', `The archive is refused: it has over ${maxEntries} entries.`, {
    next: `${nothingDone} If you trust it, raise max_entries in [restore] of the configuration.`,
  });
}

function notGzip(): CaiError {
  return new CaiError('ARCHIVE', 'That is no archive: it is not compressed with gzip.', {
    next: `${nothingDone} Give a .tgz file as \`cai export\` makes it.`,
  });
}

/** The cause is told by whoever met it first: unpacking, or the reader that was given too little. */
async function archiveError(thrown: unknown, feeding: Promise<void>): Promise<unknown> {
  if (thrown instanceof CaiError) return thrown;
  const error = await feeding.then(
    () => thrown,
    (first: unknown) => first,
  );
  if (error instanceof CaiError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const cut = code === 'Z_BUF_ERROR' || message === 'Unexpected end of data';
  if (!cut && code !== undefined && !code.startsWith('Z_')) return error;
  return new CaiError(
    'ARCHIVE',
    cut ? 'The archive is incomplete: it ends too early.' : `The archive is damaged: ${message}.`,
    { next: `${nothingDone} Copy it again from where it was made.`, cause: error },
  );
}

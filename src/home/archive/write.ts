/**
 * Writes the archive of a volume, entry by entry, as a stream of a gzip-compressed tar. Times are whole
 * seconds; owners, modes and links are as they stand in the volume.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Header, Pack } from 'tar-stream';
import type { VolumeEntry } from '../volume/entry.ts';
import { ownMark } from './read.ts';

export interface ArchiveWriter {
  /** Adds what is no file. */
  add(entry: VolumeEntry): Promise<void>;
  /** Adds a file of exactly `entry.size` bytes. */
  addFile(entry: VolumeEntry & { kind: 'file' }, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Settles when the last byte is with the output, which is then ended (but for standard output). */
  end(): Promise<void>;
  destroy(error: Error): void;
}

const lastSecond = 2 ** 31 - 1;
/** More digits do not fit a tar header. */
const maxId = 0o777777;

type NewHeader = Partial<Header> & Pick<Header, 'name'>;

export async function writeArchive(output: Writable): Promise<ArchiveWriter> {
  const { pack } = await import('tar-stream');
  const archive = pack();
  archive.on('error', () => {});
  const gzip = createGzip();
  const done = pump(archive, gzip, output);
  done.catch(() => {});
  const root: NewHeader = { name: './', type: 'directory', mode: 0o755, mtime: new Date(0) };
  await addVoid(archive, { ...root, pax: { [ownMark]: '1' } });
  return {
    add: (entry) => Promise.race([addVoid(archive, headerOf(entry)), done]),
    addFile: (entry, content) => Promise.race([addContent(archive, entry, content), done]),
    end() {
      archive.finalize();
      return done;
    },
    destroy(error) {
      archive.destroy(error);
      gzip.destroy(error);
    },
  };
}

/** Errors of the output (a full disk, a reader that has gone) end the packing. */
async function pump(
  archive: Pack,
  gzip: ReturnType<typeof createGzip>,
  output: Writable,
): Promise<void> {
  const feeding = (async () => {
    for await (const bytes of archive as AsyncIterable<Uint8Array>)
      if (!gzip.write(bytes)) await once(gzip, 'drain');
    gzip.end();
  })();
  feeding.catch((error: Error) => gzip.destroy(error));
  const failed = new Promise<never>((_, reject) => {
    output.once('error', reject);
  });
  // It may fail when nobody waits for it any more.
  failed.catch(() => {});
  try {
    for await (const bytes of gzip as AsyncIterable<Buffer>)
      if (!output.write(bytes)) await Promise.race([once(output, 'drain'), failed]);
    await feeding;
    if (output === process.stdout) return;
    output.end();
    await Promise.race([finished(output), failed]);
  } catch (error) {
    archive.destroy(error as Error);
    gzip.destroy();
    throw error;
  }
}

function addVoid(archive: Pack, header: NewHeader): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = archive.entry(header, (error) => (error ? reject(error) : resolve()));
    sink.on('error', reject);
  });
}

async function addContent(
  archive: Pack,
  entry: VolumeEntry & { kind: 'file' },
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sink = archive.entry(headerOf(entry), (error) => (error ? reject(error) : resolve()));
    // Told by the callback too; an event that nobody hears would end the process.
    sink.on('error', reject);
    (async () => {
      for await (const bytes of content)
        if (!sink.write(bytes))
          await new Promise<void>((drained) => void sink.once('drain', drained));
      sink.end(undefined);
    })().catch(reject);
  });
}

function headerOf(entry: VolumeEntry): NewHeader {
  const { uid, gid, mtime } = entry;
  const seconds = Math.min(lastSecond, Math.max(0, Math.floor(mtime / 1000)));
  const owners = {
    ...(uid > maxId ? { uid: `${uid}` } : {}),
    ...(gid > maxId ? { gid: `${gid}` } : {}),
  };
  const common = {
    uid,
    gid,
    mtime: new Date(seconds * 1000),
    // With the bits of its kind, since a mode of 0 would be taken for none.
    mode: ('mode' in entry ? entry.mode : 0o777) | 0o100000,
    ...(Object.keys(owners).length === 0 ? {} : { pax: owners }),
  };
  if (entry.kind === 'directory') return { ...common, name: `${entry.path}/`, type: 'directory' };
  if (entry.kind === 'link')
    return { ...common, name: entry.path, type: 'symlink', linkname: entry.target };
  if (entry.kind === 'file') return { ...common, name: entry.path, type: 'file', size: entry.size };
  throw new Error(`A ${entry.what} cannot be in an archive.`);
}

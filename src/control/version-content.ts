/** Contents of versions, streamed and checked: what does not have its digest is not handed out as good. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { CaiError } from '../errors.ts';
import type { Store, Version } from '../store/store.ts';
import { isText, maxTextBytes } from '../tree/merge-text.ts';
import type { SideContent } from './api.ts';

/** A version by its id; NO_VERSION when there is none. */
export function needVersion(store: Pick<Store, 'version'>, id: string): Version {
  const version = store.version(id);
  if (version !== undefined) return version;
  throw new CaiError('NO_VERSION', `There is no version ${id} in the history.`, {
    next: 'See `cai history` for the ids.',
  });
}

/** The bytes of a version: a file's content, a link's target. Throws NO_VERSION, at the latest at the end. */
export async function* versionContent(
  store: Pick<Store, 'contents'>,
  version: Version,
): AsyncGenerator<Uint8Array> {
  const { entry } = version;
  if (entry.kind === 'link') {
    yield Buffer.from(entry.target);
    return;
  }
  if (entry.kind === 'directory') throw notKept(version, 'is a directory, which has no content');
  const file = store.contents.file(entry.digest);
  if (file === undefined) throw notKept(version, 'is no longer kept');
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) {
    const chunk = part as Buffer;
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== entry.digest) throw notKept(version, 'is damaged in the store');
}

/** A version as one end of a comparison. */
export function versionSide(store: Pick<Store, 'contents'>, { entry }: Version): SideContent {
  if (entry.kind !== 'file') return { entry };
  if (entry.size > maxTextBytes) return { entry, without: 'large' };
  const bytes = store.contents.read(entry.digest);
  if (bytes === undefined) return { entry, without: 'unknown' };
  if (!isText(bytes)) return { entry, without: 'binary' };
  return { entry, content: Buffer.from(bytes).toString('base64') };
}

function notKept(version: Version, what: string): CaiError {
  return new CaiError('NO_VERSION', `Version ${version.id} ${what}.`, {
    path: version.path,
    next: 'See `cai history` for other versions of it.',
  });
}

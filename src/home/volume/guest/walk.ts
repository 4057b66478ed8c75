/** Lists a volume: parents before what is in them, names in the order of their bytes. */
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { CaiError } from '../../../errors.ts';
import { reservedName, type VolumeEntry } from '../entry.ts';

/** More than this is no configuration; the list is held in memory. */
const maxEntries = 2_000_000;

export function* walk(root: string): Generator<VolumeEntry> {
  let count = 0;
  for (const entry of walkBelow(root, '')) {
    count += 1;
    if (count > maxEntries)
      throw new CaiError('NO_VOLUME', `The volume holds more than ${maxEntries} entries.`);
    yield entry;
  }
}

function* walkBelow(root: string, parent: string): Generator<VolumeEntry> {
  for (const name of namesIn(join(root, parent))) {
    const text = name.toString('utf8');
    if (parent === '' && text === reservedName) continue;
    const path = parent === '' ? text : `${parent}/${text}`;
    if (!Buffer.from(text).equals(name)) {
      yield { kind: 'other', what: 'name', path, uid: 0, gid: 0, mtime: 0 };
      continue;
    }
    const entry = entryAt(root, path);
    if (entry === undefined) continue;
    yield entry;
    if (entry.kind === 'directory') yield* walkBelow(root, path);
  }
}

/** Gone meanwhile counts as empty: somebody may work in the volume. */
function namesIn(directory: string): Buffer[] {
  try {
    return readdirSync(directory, { encoding: 'buffer' }).sort(Buffer.compare);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** What stands at a path; undefined when nothing does. */
export function entryAt(root: string, path: string): VolumeEntry | undefined {
  const place = join(root, path);
  const stat = statAt(place);
  if (stat === undefined) return undefined;
  // Times as whole numbers: as a fraction, a time just below a millisecond would be rounded up.
  const common = {
    path,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: Number(stat.mtimeMs),
  };
  const mode = Number(stat.mode) & 0o7777;
  if (stat.isFile()) return { kind: 'file', ...common, mode, size: Number(stat.size) };
  if (stat.isDirectory()) return { kind: 'directory', ...common, mode };
  if (stat.isSymbolicLink()) return linkAt(place, common);
  const what = stat.isSocket() ? 'socket' : stat.isFIFO() ? 'pipe' : 'device';
  return { kind: 'other', ...common, what };
}

function statAt(place: string): BigIntStats | undefined {
  try {
    return lstatSync(place, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function linkAt(
  place: string,
  common: { path: string; uid: number; gid: number; mtime: number },
): VolumeEntry | undefined {
  try {
    const target = readlinkSync(place, { encoding: 'buffer' });
    const text = target.toString('utf8');
    return Buffer.from(text).equals(target)
      ? { kind: 'link', ...common, target: text }
      : { kind: 'other', ...common, what: 'name' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const noFollow = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const buffer = Buffer.allocUnsafe(256 * 1024);

/** SHA-256 in hex of a file; undefined when there is none (any more). */
export function digestOf(place: string): string | undefined {
  let file: number;
  try {
    file = openSync(place, noFollow);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return undefined;
    throw error;
  }
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const hash = createHash('sha256');
    for (let got = readSync(file, buffer); got > 0; got = readSync(file, buffer))
      hash.update(buffer.subarray(0, got));
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}

/**
 * What is written down about kept files, one JSON object a line; read again after a crash only. Lines of
 * files that are not kept any more go when they are many.
 */

import type { Path } from '../tree/path.ts';
import type { Area } from './area.ts';
import { closeQuietly } from './digest.ts';
import type { FsPort } from './fs-port.ts';

export const indexFile = 'kept.index';

export interface KeptLine {
  readonly id: string;
  readonly path: Path;
  /** It stands in the directory of its path, not in the staging area. */
  readonly beside?: boolean;
  /** It was not what the action expected. */
  readonly unexpected?: boolean;
}

/** So many lines that say nothing any more are no harm. */
const manyLines = 5_000;

export interface KeptIndex {
  /** Writes down what an id stands for, or more of it. */
  note(line: KeptLine): void;
  /** The id stands for nothing any more. */
  forget(id: string): void;
  close(): void;
}

export function createKeptIndex(fs: FsPort, area: Area): KeptIndex {
  const live = new Map<string, KeptLine>();
  let written = 0;
  let file: number | undefined;
  let generation = 0;
  /** The last line may be half a line: what comes next begins one of its own. */
  let isTorn = false;

  const close = (): void => {
    if (file !== undefined) closeQuietly(fs, file);
    file = undefined;
  };
  const append = (line: KeptLine): void => {
    const at = area.open();
    if (generation !== area.generation) close();
    generation = area.generation;
    file ??= fs.openSync(`${at}/${indexFile}`, 'a', 0o600);
    const bytes = Buffer.from(`${isTorn ? '\n' : ''}${JSON.stringify(line)}\n`);
    // On a full disk less is written than was given, and the rest fails.
    isTorn = true;
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(file, bytes, done);
    isTorn = false;
    written += 1;
  };
  /** A new file in the place of the old one: a crash finds the one or the other. */
  const rewrite = (): void => {
    const lines = [...live.values()].map((line) => `${JSON.stringify(line)}\n`);
    try {
      const at = `${area.open()}/${indexFile}`;
      fs.writeFileSync(`${at}.new`, lines.join(''), { mode: 0o600 });
      fs.renameSync(`${at}.new`, at);
      close();
      written = lines.length;
    } catch {
      // A long index is no harm; it is tried again when as much has come once more.
      written = live.size;
    }
  };
  return {
    note: (line) => {
      append(line);
      live.set(line.id, { ...live.get(line.id), ...line });
    },
    forget: (id) => {
      live.delete(id);
      if (written > 2 * live.size + manyLines) rewrite();
    },
    close,
  };
}

/** The lines of an index, the later ones of an id over the earlier ones. */
export function readIndex(fs: FsPort, area: string): Map<string, KeptLine> {
  const lines = new Map<string, KeptLine>();
  let text: string;
  try {
    text = fs.readFileSync(`${area}/${indexFile}`, 'utf8');
  } catch {
    return lines;
  }
  for (const line of text.split('\n')) {
    const parsed = parse(line);
    if (parsed !== undefined) lines.set(parsed.id, { ...lines.get(parsed.id), ...parsed });
  }
  return lines;
}

/** A line may be cut off by the crash. */
function parse(line: string): KeptLine | undefined {
  try {
    const value = JSON.parse(line) as Partial<KeptLine> | null;
    if (typeof value?.id !== 'string' || !/^kept-[\w-]+$/.test(value.id)) return undefined;
    return typeof value.path === 'string' ? (value as KeptLine) : undefined;
  } catch {
    return undefined;
  }
}

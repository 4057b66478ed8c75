/** A scan at the far end. Checks what no single row shows: that a directory comes before what is in it. */
import { type Path, parentPath } from '../tree/path.ts';
import type { Answer } from './peer.ts';
import type { Caller } from './remote.ts';
import type { Observation, ScanOptions, ScanSummary } from './replica.ts';
import { violation } from './violation.ts';
import { checkArray, checkCount, checkPath, checkRows } from './wire-check.ts';
import { checkFields, checkSummary } from './wire-info.ts';

const idleMs = 300_000;

/** Beyond this many entries, or secrets, a tree is an attack on the host's memory. */
const maxEntries = 5_000_000;

type Piece =
  | {
      readonly type: 'rows';
      readonly rows: readonly Observation[];
      readonly progress: { readonly files: number; readonly bytes: number };
    }
  | { readonly type: 'secrets'; readonly paths: readonly Path[] };

export async function scanRemote(caller: Caller, options: ScanOptions): Promise<ScanSummary> {
  const { path = '', contents = false, onRows, onProgress, signal } = options;
  const checkPiece = createPieceCheck(path);
  const secrets: Path[] = [];
  const answer = await caller.call('scan', [path, contents], {
    idleMs,
    signal,
    onPart: (part) => {
      const piece = caller.guard(() => checkPiece(part));
      if (piece.type === 'secrets') {
        for (const secret of piece.paths) secrets.push(secret);
        return undefined;
      }
      onProgress?.(piece.progress);
      return piece.rows.length === 0 ? undefined : onRows(piece.rows);
    },
  });
  return { ...caller.guard(() => checkSummary(answer.data)), secrets };
}

function createPieceCheck(path: Path): (part: Answer) => Piece {
  // The scanned directory itself was told before, or is the root.
  const directories = new Set<Path>([path]);
  let entries = 0;
  function count(more: number): void {
    entries += more;
    if (entries > maxEntries) throw violation(`a tree of over ${maxEntries} entries`);
  }
  return ({ data, bytes }) => {
    const raw = checkFields(data);
    if (raw.secrets !== undefined) {
      const paths = checkArray(raw.secrets).map(checkPath);
      count(paths.length);
      return { type: 'secrets', paths };
    }
    const rows = checkRows(raw.rows, bytes);
    count(rows.length);
    for (const row of rows) checkPlace(row, directories);
    const progress = { files: checkCount(raw.files), bytes: checkCount(raw.bytes) };
    return { type: 'rows', rows, progress };
  };
}

function checkPlace({ path, look }: Observation, directories: Set<Path>): void {
  // What went since it was told; the directory that it was in may have gone with it.
  if (look === null) return;
  if (!directories.has(parentPath(path)) && !directories.has(path)) {
    throw violation('an entry before the directory it is in');
  }
  if (look.kind === 'directory') directories.add(path);
}

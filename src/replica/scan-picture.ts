/**
 * Tells a tree from the picture of it, without a look at the disk: for a session that joins others on
 * the same root. As with a scan, rows and events stay in order, and a directory comes before what is in it.
 */
import { isWithin, joinPath, type Path } from '../tree/path.ts';
import { isRuleFile } from '../tree/rules.ts';
import type { Lock } from './lock.ts';
import { lookPatiently } from './look.ts';
import { lookOf, type Node } from './nodes.ts';
import type { Observation, ScanOptions, ScanSummary } from './replica.ts';
import { maxRuleFile } from './rule-files.ts';
import { secretsIn } from './scan.ts';
import { lookTask, type View } from './view.ts';

const rowsAtOnce = 1000;

export interface PictureScan {
  readonly view: View;
  readonly lock: Lock;
  readonly options: ScanOptions;
  /** Called before the first row, from when on events must be heard. */
  readonly onBegin: () => void;
}

export async function scanPicture({
  view,
  lock,
  options,
  onBegin,
}: PictureScan): Promise<ScanSummary> {
  const { path: top = '', onRows, onProgress } = options;
  const totals = { files: 0, directories: 0, bytes: 0 };
  const open: Path[] = [top];
  let begun = false;
  while (open.length > 0) {
    const letGo = await lock.take();
    const rows: Observation[] = [];
    try {
      if (!begun) {
        begun = true;
        onBegin();
        if (top !== '') rows.push(await rowOf(view, top, view.picture.get(top)));
      }
      while (open.length > 0 && rows.length < rowsAtOnce) {
        const directory = open.pop() as Path;
        for (const [path, node] of childrenOf(view, directory)) {
          rows.push(await rowOf(view, path, node));
          if (node.kind === 'directory') open.push(path);
        }
      }
    } finally {
      letGo();
    }
    count(totals, rows);
    onProgress?.({ files: totals.files, bytes: totals.bytes });
    if (rows.length > 0) await onRows(rows);
  }
  const secrets = [...secretsIn(view.picture.root, '')];
  return { ...totals, secrets: secrets.filter((path) => isWithin(top, path)) };
}

/** What a directory holds, the ignore files first; nothing when it is none any more. */
function childrenOf(view: View, directory: Path): readonly (readonly [Path, Node])[] {
  const node = view.picture.get(directory);
  if (node?.kind !== 'directory') return [];
  const children = [...node.children.values()].map(
    (child) => [joinPath(directory, child.name), child] as const,
  );
  const rules = children.filter(([path]) => isRuleFile(path));
  if (rules.length === 0) return children;
  return [...rules, ...children.filter(([path]) => !isRuleFile(path))];
}

/** Ignore files have their content; all else is read when it is wanted. */
export async function rowOf(view: View, path: Path, node: Node | undefined): Promise<Observation> {
  const look = lookOf(node);
  if (!isRuleFile(path) || look?.kind !== 'file') return { path, look };
  const found = await lookPatiently(lookTask(view, path, undefined, maxRuleFile), 100);
  if (found.kind === 'file' && found.digest === look.digest && found.bytes !== undefined)
    return { path, look, bytes: found.bytes };
  // Another one by now, which a look will tell.
  view.onRetry(path, 'unstable');
  return { path, look };
}

function count(
  totals: { files: number; directories: number; bytes: number },
  rows: readonly Observation[],
): void {
  for (const { look } of rows) {
    if (look?.kind === 'directory') totals.directories += 1;
    if (look?.kind !== 'file') continue;
    totals.files += 1;
    totals.bytes += look.size;
  }
}

/** What is written down about kept files, one JSON object a line; read again after a crash only. */
import type { Path } from '../tree/path.ts';
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

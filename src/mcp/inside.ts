/** What is in a directory before all of it is moved or removed: nothing that may not be touched. */
import { CaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import { isProtected } from '../tree/rules.ts';
import { walk } from './disk/walk.ts';
import type { ToolCall } from './tool.ts';

export interface Inside {
  readonly files: number;
  readonly directories: number;
}

/** Throws REFUSED for secrets and protected paths below `path`, also by the name they would have at `target`. */
export async function checkBelow(call: ToolCall, path: Path, target: Path = path): Promise<Inside> {
  const { workspace, signal, progress } = call;
  let files = 0;
  let directories = 0;
  const all = { maxDepth: Number.POSITIVE_INFINITY, signal };
  const walked = walk({
    root: workspace.root,
    start: path,
    access: workspace.access,
    ...all,
    onUnreadable(_, error) {
      throw error;
    },
  });
  for await (const one of walked) {
    const later = target + one.path.slice(path.length);
    const isDirectory = one.kind === 'directory';
    const secret = one.refused || workspace.access.hides(later, isDirectory);
    if (secret || isProtected(one.path) || isProtected(later)) throw touches(path, one.path);
    if (isDirectory) directories += 1;
    else files += 1;
    progress.tell(files + directories, one.path);
  }
  return { files, directories };
}

function touches(path: Path, inner: Path): CaiError {
  const message = `${displayPath(path)} is refused: ${displayPath(inner)} in it is a secret or protected.`;
  return new CaiError('REFUSED', message, { path, next: 'Touch the other paths one by one.' });
}

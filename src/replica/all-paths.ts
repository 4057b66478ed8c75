/** Every file and directory of a picture, where each of them has to be asked for by itself. */
import { joinPath, type Path } from '../tree/path.ts';
import type { DirectoryNode } from './nodes.ts';

/** The root comes first, as ''. */
export function* allPaths(root: DirectoryNode): Generator<Path> {
  const open: (readonly [Path, DirectoryNode])[] = [['', root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, directory] = next;
    yield path;
    for (const node of directory.children.values()) {
      const at = joinPath(path, node.name);
      if (node.kind === 'directory') open.push([at, node]);
      else if (node.kind === 'file') yield at;
    }
  }
}

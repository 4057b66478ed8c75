/**
 * Which symbolic links may be synchronised: those that can never lead out of the root, whatever other
 * links stand on their way (invariant 7).
 *
 * `..` is allowed only at the front of a target. Behind a name it could follow another link: with
 * `a/up -> ..` in place, `a/up/..` is not `a` but the parent of the root, although the text looks
 * harmless. With `..` only in front, every link climbs from its own real directory to one inside the
 * root and then goes down only; any link met on the way down does the same; so no chain leaves.
 */
import { byteLength, type Path, textFault } from './path.ts';

/** Linux keeps at most PATH_MAX - 1 bytes of a target. */
const maxTargetBytes = 4095;

/** What is wrong with a link at `path` that points to `target`, or undefined when it may travel. */
export function linkFault(path: Path, target: unknown): string | undefined {
  if (typeof target !== 'string') return 'its target is not a string';
  if (target === '') return 'its target is empty';
  if (target.length > maxTargetBytes || byteLength(target) > maxTargetBytes) {
    return 'its target is too long';
  }
  const fault = textFault(target);
  if (fault !== undefined) return `its target ${fault}`;
  if (target.startsWith('/')) return 'its target is absolute';
  return climbFault(target, depthOf(path));
}

function climbFault(target: string, depth: number): string | undefined {
  let climbed = 0;
  let descended = false;
  for (const name of target.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') descended = true;
    else if (descended) return "its target has '..' behind a name";
    else climbed += 1;
  }
  return climbed > depth ? 'its target leads out of the root' : undefined;
}

/** How many directories, the root not counted, stand above a path. */
function depthOf(path: Path): number {
  return path.split('/').length - 1;
}

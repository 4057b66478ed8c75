/** A name beside a path for the version that gave way there: `name.container.ext`. */
import type { Path, Side } from '../tree/path.ts';
import { baseName, joinPath, parentPath } from '../tree/path.ts';
import type { Core } from './core.ts';
import { sideLook } from './core.ts';
import type { Rows } from './resolve-rows.ts';

/** A path at which nothing stands on either side. */
export function besideName(core: Core, path: Path, side: Side): Path {
  for (let number = 1; ; number += 1) {
    const word = number === 1 ? side : `${side}-${number}`;
    const found = joinPath(parentPath(path), withWord(baseName(path), word));
    const isFree = [sideLook(core, 'local', found), sideLook(core, 'container', found)].every(
      (look) => look === null,
    );
    if (isFree && core.base.get(found) === null) return found;
  }
}

/** Before the extension, so that programs still know what it is. */
function withWord(name: string, word: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? `${name}.${word}` : `${name.slice(0, dot)}.${word}${name.slice(dot)}`;
}

/** The same rows at another place. */
export function rerooted(rows: Rows, from: Path, to: Path): Rows {
  return rows.map(([path, entry]) => [to + path.slice(from.length), entry] as const);
}

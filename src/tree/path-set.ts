/** Paths (none of them the root), and the question whether one of them lies on the way to another path, or below it. */
import { type Path, pathsAbove } from './path.ts';

export class PathSet {
  readonly #paths = new Set<Path>();
  /** How many of the paths lie below one. */
  readonly #below = new Map<Path, number>();

  get size(): number {
    return this.#paths.size;
  }

  has(path: Path): boolean {
    return this.#paths.has(path);
  }

  add(path: Path): void {
    if (this.#paths.has(path)) return;
    this.#paths.add(path);
    for (const above of pathsAbove(path)) this.#below.set(above, (this.#below.get(above) ?? 0) + 1);
  }

  /** True when it was there. */
  delete(path: Path): boolean {
    if (!this.#paths.delete(path)) return false;
    for (const above of pathsAbove(path)) {
      const count = (this.#below.get(above) ?? 0) - 1;
      if (count > 0) this.#below.set(above, count);
      else this.#below.delete(above);
    }
    return true;
  }

  /** True when it holds the path, something above or something below it. Takes time by the depth of the path. */
  touches(path: Path): boolean {
    if (this.#paths.has(path) || this.#below.has(path)) return true;
    for (const above of pathsAbove(path)) if (this.#paths.has(above)) return true;
    return false;
  }
}

/**
 * Pages of what a walk finds. The cursor is the last path that was told: paths come in one order, so the next
 * page goes on behind it, whatever was added or removed meanwhile.
 */
import type { Path } from '../tree/path.ts';

/** The order of a walk: by names from the top, a directory right before what is in it. */
export function comesAfter(path: Path, cursor: Path): boolean {
  const [a, b] = [path.split('/'), cursor.split('/')];
  for (let at = 0; ; at += 1) {
    const [x, y] = [a[at], b[at]];
    if (x === undefined) return false;
    if (y === undefined) return true;
    if (x !== y) return x > y;
  }
}

/** True when nothing in the directory can come after the cursor. */
export function isBehind(directory: Path, cursor: Path): boolean {
  return !comesAfter(directory, cursor) && !`${cursor}/`.startsWith(`${directory}/`);
}

export interface Page<T> {
  readonly rows: T[];
  readonly nextCursor: Path | undefined;
}

/** Takes rows until the page is full; `cursorOf` the last one, if there are more. */
export async function takePage<T>(
  rows: AsyncIterable<T>,
  limit: number,
  cursorOf: (row: T) => Path,
): Promise<Page<T>> {
  const taken: T[] = [];
  for await (const row of rows) {
    if (taken.length === limit) return { rows: taken, nextCursor: cursorOf(taken[limit - 1] as T) };
    taken.push(row);
  }
  return { rows: taken, nextCursor: undefined };
}

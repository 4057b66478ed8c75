/**
 * Times in which one author works on a side, or below a path of it, and nobody knows beforehand what will be
 * written: while a command runs, a directory is moved. What changes there meanwhile is signed as it is
 * noticed; a claim on exactly that content goes before. A stint is a lease, so that it ends with a killed server.
 * As with claims: labels that decide nothing, bounded in number and in time.
 */
import type { Stint } from '../control/api.ts';
import type { Path, Side } from '../tree/path.ts';
import { isWithin } from '../tree/path.ts';

const maxStints = 64;

interface Open {
  readonly by: string;
  readonly path: Path;
  readonly until: number;
}

export class Stints {
  readonly #open: Record<Side, Map<string, Open>> = { local: new Map(), container: new Map() };

  has(side: Side, id: string): boolean {
    return this.#open[side].has(id);
  }

  /** Begins it or goes on with it. */
  hold({ side, id, by, path = '', forMs }: Stint): void {
    const open = this.#open[side];
    open.set(id, { by, path, until: Date.now() + forMs });
    if (open.size <= maxStints) return;
    const oldest = open.keys().next().value;
    if (oldest !== undefined) open.delete(oldest);
  }

  end({ side, id }: Stint): void {
    this.#open[side].delete(id);
  }

  /** Who works there now; of several the one who began last. */
  who(side: Side, path: Path): string | undefined {
    const open = this.#open[side];
    if (open.size === 0) return undefined;
    const now = Date.now();
    let by: string | undefined;
    for (const [id, stint] of open) {
      if (stint.until <= now) open.delete(id);
      else if (isWithin(stint.path, path)) by = stint.by;
    }
    return by;
  }
}

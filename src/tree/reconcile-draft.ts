/**
 * A plan while it is made. The walk goes children first and names backwards; removals are therefore
 * in their order as they come, and all else (parents first, names forwards) is turned round at the end.
 */
import type { Entry } from './entry.ts';
import type { Path, Side } from './path.ts';
import type { Plan, PlannedAction, PlannedActions, PlannedConflict } from './reconcile.ts';

export class Draft {
  readonly #removals: Record<Side, PlannedAction[]> = { local: [], container: [] };
  readonly #creations: Record<Side, PlannedAction[]> = { local: [], container: [] };
  readonly #agreed: (readonly [Path, Entry | null])[] = [];
  readonly #conflicts: PlannedConflict[] = [];
  readonly #lists = {
    diverged: [] as Path[],
    refused: [] as Path[],
    restored: [] as Path[],
  };
  /** Apart and last: a directory may become one that nothing can be written into. */
  readonly #directories: Record<Side, PlannedAction[]> = { local: [], container: [] };

  remove(side: Side, path: Path, expect: Entry): void {
    this.#removals[side].push({ type: 'remove', path, expect });
  }

  /** Puts an entry in the place of what is there, a directory only where nothing is. */
  create(side: Side, path: Path, expect: Entry | null, entry: Entry): void {
    const type = entry.kind === 'file' ? 'write' : entry.kind === 'link' ? 'link' : 'mkdir';
    this.#creations[side].push({ type, path, expect, entry });
  }

  attributes(side: Side, path: Path, expect: Entry, entry: Entry): void {
    const list = entry.kind === 'directory' ? this.#directories : this.#creations;
    list[side].push({ type: 'attributes', path, expect, entry });
  }

  agree(path: Path, entry: Entry | null): void {
    this.#agreed.push([path, entry]);
  }

  conflict(conflict: PlannedConflict): void {
    this.#conflicts.push(conflict);
  }

  list(name: 'diverged' | 'refused' | 'restored', path: Path): void {
    this.#lists[name].push(path);
  }

  /** How many actions put something on a side so far. */
  created(side: Side): number {
    return this.#creations[side].length;
  }

  actions(): PlannedActions {
    const of = (side: Side) => [
      ...this.#removals[side],
      ...this.#creations[side].toReversed(),
      ...this.#directories[side],
    ];
    return { local: of('local'), container: of('container') };
  }

  finish(): Plan {
    return {
      actions: this.actions(),
      agreed: this.#agreed.toReversed(),
      conflicts: this.#conflicts.toReversed(),
      diverged: this.#lists.diverged.toReversed(),
      refused: this.#lists.refused.toReversed(),
      restored: this.#lists.restored.toReversed(),
    };
  }
}

/**
 * Holds the writer's database through damage: what shows itself while the store is in use is dealt
 * with like damage at the start, and the work that came upon it is done again on the new database.
 */
import { type Connection, Damage } from './connection.ts';
import { moveAside } from './damage.ts';
import type { StoreFiles } from './files.ts';
import type { Guard } from './queries.ts';
import { beginAnew, closeState, openState, type State } from './state.ts';
import type { StoreCondition } from './store.ts';

export interface Keeper {
  readonly guard: Guard;
  readonly condition: StoreCondition;
  /** Of all contents that are kept, as found at the opening. */
  readonly keptBytes: number;
  close(): void;
}

/** `onLoss` is called when the database was replaced by a new one while it was in use. */
export function openKeeper(
  files: StoreFiles,
  options: { readonly now: () => number; readonly onLoss: () => void },
): Keeper {
  let state: State = openState(files, options.now());
  // The database that was found damaged is closed, and there is no new one yet.
  let lost: { readonly reason: string; movedTo?: string } | undefined;
  const connection = (): Connection => {
    if (lost !== undefined) {
      const now = options.now();
      const { reason } = lost;
      lost.movedTo ??= moveAside(files.directory, reason, now);
      state = beginAnew(files, { movedTo: lost.movedTo, reason }, now);
      lost = undefined;
      options.onLoss();
    }
    return state.connection;
  };
  return {
    guard: (work) => {
      try {
        return work(connection());
      } catch (thrown) {
        if (!(thrown instanceof Damage)) throw thrown;
        state.connection.close();
        lost = { reason: thrown.message };
        return work(connection());
      }
    },
    get condition() {
      return state.condition;
    },
    keptBytes: state.keptBytes,
    close: () => {
      if (lost === undefined) closeState(state.connection);
    },
  };
}

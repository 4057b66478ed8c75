/**
 * Holds the writer's database through damage: what shows itself while the store is in use is dealt
 * with like damage at the start, and the work that came upon it is done again on the new database.
 */
import { Damage } from './connection.ts';
import type { StoreFiles } from './files.ts';
import type { Guard } from './queries.ts';
import { closeState, openState, type State, startAnew } from './state.ts';
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
  return {
    guard: (work) => {
      try {
        return work(state.connection);
      } catch (thrown) {
        if (!(thrown instanceof Damage)) throw thrown;
        state.connection.close();
        state = startAnew(files, thrown.message, options.now());
        options.onLoss();
        return work(state.connection);
      }
    },
    get condition() {
      return state.condition;
    },
    keptBytes: state.keptBytes,
    close: () => closeState(state.connection),
  };
}

/**
 * Paths that one side removed and the other changed: the change wins, and the history notes the removal
 * (DESIGN 6.4), once the path is really back.
 */
import { toCaiError } from '../errors.ts';
import type { Action } from '../replica/replica.ts';
import type { Store } from '../store/store.ts';
import type { Entry } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import type { Core } from './core.ts';
import { sideLook } from './core.ts';
import type { Keeper } from './keeper.ts';
import { type Report, tell } from './report.ts';

interface Context {
  readonly core: Core;
  readonly store: Store;
  readonly keeper: Keeper;
  readonly report: Report;
}

export class Comebacks {
  readonly #context: Context;
  /** What the base had at paths that are about to come back, by the side that removed them. */
  readonly #expected: Readonly<Record<Side, Map<Path, Entry>>> = {
    local: new Map(),
    container: new Map(),
  };
  readonly #back: Readonly<Record<Side, Path[]>> = { local: [], container: [] };

  constructor(context: Context) {
    this.#context = context;
  }

  /** Notes what a plan brings back; `decided` are all paths of the plan. */
  expect(decided: readonly Path[], restored: readonly Path[]): void {
    const { core } = this.#context;
    for (const side of ['local', 'container'] as const) {
      if (this.#expected[side].size > 0)
        for (const path of decided) this.#expected[side].delete(path);
      for (const path of restored) {
        const base = core.base.get(path);
        if (base !== null && sideLook(core, side, path) === null)
          this.#expected[side].set(path, base);
      }
    }
  }

  /** An action was done on a side. */
  arrived(side: Side, action: Action): void {
    const { path } = action;
    const entry = this.#expected[side].get(path);
    if (entry === undefined || action.type === 'remove') return;
    this.#expected[side].delete(path);
    this.#back[side].push(path);
    void this.#note(side, path, entry);
  }

  /** Tells what came back since the last time. */
  tell(): void {
    for (const side of ['local', 'container'] as const) {
      const paths = this.#back[side].splice(0);
      if (paths.length > 0) tell(this.#context.report, { type: 'restored', side, paths });
    }
  }

  async #note(side: Side, path: Path, entry: Entry): Promise<void> {
    const { report, keeper } = this.#context;
    try {
      await this.#keepContent(entry);
    } catch (error) {
      // The removal is known all the same.
      const why = toCaiError(error).message;
      const message = `The version of ${path} that was removed is not kept: ${why}`;
      tell(report, { type: 'notice', message });
    }
    keeper.went({ path, side, reason: 'removed', entry });
  }

  /** The content that was removed is nowhere but among the base's texts, if it is there. */
  async #keepContent(entry: Entry): Promise<void> {
    const { contents, texts } = this.#context.store;
    if (entry.kind !== 'file' || contents.has(entry.digest)) return;
    const bytes = await texts.read(entry.digest);
    if (bytes !== undefined) contents.putBytes(bytes);
  }
}

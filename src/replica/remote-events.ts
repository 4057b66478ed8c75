/**
 * Events on their way from a link to the session: checked, joined from their pieces, and held while an
 * answer that is older than them has not reached its caller. What waits here is not acknowledged, so
 * the link's window bounds it.
 */
import type { Answer } from './peer.ts';
import type { Observation, ReplicaEvent } from './replica.ts';
import { checkEvent } from './wire-info.ts';

interface Held {
  readonly event: ReplicaEvent;
  readonly told: () => void;
}

interface Joining {
  readonly changes: Observation[];
  readonly done: Promise<void>;
  readonly settle: () => void;
}

export class RemoteEvents {
  readonly #tell: (event: ReplicaEvent) => unknown;
  readonly #held: Held[] = [];
  #holds = 0;
  #joining: Joining | undefined;

  constructor(tell: (event: ReplicaEvent) => unknown) {
    this.#tell = tell;
  }

  /** Resolves when the session has taken the event; throws PROTOCOL, which closes the link. */
  take({ data, bytes }: Answer): Promise<void> {
    const piece = checkEvent(data, bytes);
    if (piece.type !== 'changes') return this.#deliver(piece);
    const joining = this.#joining ?? createJoining();
    for (const change of piece.changes) joining.changes.push(change);
    if (piece.more) {
      this.#joining = joining;
      return joining.done;
    }
    this.#joining = undefined;
    return this.#deliver({ type: 'changes', changes: joining.changes }).finally(joining.settle);
  }

  /** Runs work whose answer must reach its caller before any event that is newer. */
  async holdDuring<T>(work: () => Promise<T>): Promise<T> {
    this.#holds += 1;
    try {
      return await work();
    } finally {
      // The caller acts on the answer in this turn of the event loop; events go on in the next one.
      setImmediate(() => {
        this.#holds -= 1;
        if (this.#holds === 0) this.#letGo();
      });
    }
  }

  /** Resolves when every event that arrived so far was told. */
  async told(): Promise<void> {
    if (this.#held.length === 0) return;
    await new Promise<void>((resolve) => {
      const last = this.#held.pop() as Held;
      this.#held.push({
        event: last.event,
        told: () => {
          last.told();
          resolve();
        },
      });
    });
  }

  async #deliver(event: ReplicaEvent): Promise<void> {
    if (this.#holds > 0) {
      await new Promise<void>((told) => {
        this.#held.push({ event, told });
      });
    } else await this.#tell(event);
  }

  #letGo(): void {
    for (const { event, told } of this.#held.splice(0)) {
      Promise.resolve(this.#tell(event)).then(told, told);
    }
  }
}

function createJoining(): Joining {
  let settle: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { changes: [], done, settle };
}

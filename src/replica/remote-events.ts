/**
 * Events on their way from a link to the session: checked, joined from their pieces, and told in the
 * order of the wire. An answer and what happened after it come in that order too: the answer is one
 * message, and the link lets its caller act before it hands on the next.
 */
import type { Answer } from './peer.ts';
import type { Observation, ReplicaEvent } from './replica.ts';
import { violation } from './violation.ts';
import { checkEvent } from './wire-info.ts';

/** Changes are larger in memory than on their way; a far side that has more at once asks for a scan. */
const maxWaiting = 250_000;

interface Joining {
  readonly changes: Observation[];
  readonly done: Promise<void>;
  readonly settle: () => void;
}

export class RemoteEvents {
  readonly #tell: (event: ReplicaEvent) => unknown;
  #joining: Joining | undefined;
  /** Changes that wait here. */
  #waiting = 0;

  constructor(tell: (event: ReplicaEvent) => unknown) {
    this.#tell = tell;
  }

  /** Resolves when the session has taken the event; throws PROTOCOL, which closes the link. */
  take({ data, bytes }: Answer): Promise<void> {
    const piece = checkEvent(data, bytes);
    if (piece.type !== 'changes') return this.#tellNow(piece);
    const joining = this.#joining ?? createJoining();
    this.#waiting += piece.changes.length;
    if (this.#waiting > maxWaiting) throw violation('more changes at once than it may');
    for (const change of piece.changes) joining.changes.push(change);
    if (piece.more) {
      this.#joining = joining;
      return joining.done;
    }
    this.#joining = undefined;
    return this.#tellNow({ type: 'changes', changes: joining.changes }).finally(joining.settle);
  }

  async #tellNow(event: ReplicaEvent): Promise<void> {
    if (event.type === 'changes') this.#waiting -= event.changes.length;
    await this.#tell(event);
  }
}

function createJoining(): Joining {
  let settle: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { changes: [], done, settle };
}

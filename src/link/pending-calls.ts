/** The host's calls that wait for their answers. Each is settled exactly once, and has a deadline. */
import type { Answer, CallOptions } from '../replica/peer.ts';
import { violation } from '../replica/violation.ts';
import { type Credit, createCredit, type Inflow } from './streams.ts';

export interface PendingCall {
  readonly onPart: CallOptions['onPart'];
  readonly inflow: Inflow | undefined;
  /** Allowance of the stream that goes along. */
  readonly credit: Credit;
  readonly idle: NodeJS.Timeout;
  /** A piece is with its taker: the far side waits for us. */
  busy: boolean;
}

export interface NewCall {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onPart: CallOptions['onPart'];
  readonly inflow: Inflow | undefined;
  readonly idleMs: number;
  readonly onIdle: () => void;
}

export interface PendingCalls {
  /** Undefined when it is over: late messages are no fault. PROTOCOL when there never was such a call. */
  find(id: number): PendingCall | undefined;
  add(id: number, call: NewCall): void;
  /** Puts the deadline off; false when the call is over. */
  touch(id: number): boolean;
  /** False when it was over already. */
  settle(id: number, result: Answer | Error): boolean;
  nextId(): number;
  /** The id that `nextId` is going to return. */
  peekId(): number;
  all(): readonly number[];
}

export function createPendingCalls(): PendingCalls {
  const pending = new Map<number, PendingCall & Pick<NewCall, 'resolve' | 'reject'>>();
  let last = 0;

  return {
    find(id) {
      if (id === 0 || id > last) throw violation('an answer to a call that was never made');
      return pending.get(id);
    },
    add(id, { onIdle, idleMs, ...rest }) {
      const idle = setTimeout(() => {
        const waitsForUs = call.busy || (call.inflow?.waiting ?? false);
        if (waitsForUs) idle.refresh();
        else onIdle();
      }, idleMs);
      const call = { ...rest, idle, credit: createCredit(), busy: false };
      pending.set(id, call);
    },
    touch(id) {
      const call = pending.get(id);
      call?.idle.refresh();
      return call !== undefined;
    },
    settle(id, result) {
      const call = pending.get(id);
      if (call === undefined) return false;
      pending.delete(id);
      clearTimeout(call.idle);
      if (result instanceof Error) {
        call.inflow?.fail(result);
        call.credit.fail(result);
        call.reject(result);
      } else {
        call.inflow?.end();
        call.credit.end();
        call.resolve(result);
      }
      return true;
    },
    nextId() {
      last += 1;
      return last;
    },
    peekId: () => last + 1,
    all: () => [...pending.keys()],
  };
}

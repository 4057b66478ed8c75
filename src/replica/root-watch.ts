/** Looks after the root itself: tells when it is lost and when it is back, and now and then asks for a scan. */
import type { ReplicaEvent } from './replica.ts';
import type { RootGuard, RootLoss } from './root-guard.ts';

const every = 1_000;

export interface RootWatch {
  /** Why the root is lost, as far as was noticed. */
  readonly loss: RootLoss | undefined;
  /** Checks now. */
  check(): RootLoss | undefined;
  close(): void;
}

export function createRootWatch(
  guard: RootGuard,
  emit: (event: ReplicaEvent) => void,
  onBack: () => void,
): RootWatch {
  let loss: RootLoss | undefined;
  const check = (): RootLoss | undefined => {
    const before = loss;
    loss = guard.check();
    if (loss === before) return loss;
    if (loss !== undefined) emit({ type: 'root-lost', reason: loss });
    else {
      onBack();
      emit({ type: 'rescan-needed', reason: 'the root is back' });
    }
    return loss;
  };
  const timer = setInterval(check, every);
  timer.unref();
  return {
    get loss() {
      return loss;
    },
    check,
    close: () => clearInterval(timer),
  };
}

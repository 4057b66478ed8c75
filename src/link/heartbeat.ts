/** Tells when the far side has been silent for too long. */

export interface HeartbeatOptions {
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** That many looks in a row without a sign of life mean that the far side is dead. */
  readonly deadAfter: number;
}

/** The host asks every 5 s and gives up after 15 s; the agent, which only listens, after 20 s. */
export const hostHeartbeat: HeartbeatOptions = { everyMs: 5000, deadAfter: 3 };
export const agentHeartbeat: HeartbeatOptions = { everyMs: 5000, deadAfter: 4 };

export interface Heartbeat {
  /** Something arrived. */
  alive(): void;
  stop(): void;
}

/**
 * Counts looks, not time: after a suspend, or while this process itself was stopped, the far side gets
 * its chance to answer before it is given up.
 */
export function startHeartbeat(
  options: HeartbeatOptions,
  onBeat: () => void,
  onDead: (silentMs: number) => void,
): Heartbeat {
  let silent = 0;
  const timer = setInterval(() => {
    if (silent >= options.deadAfter) {
      clearInterval(timer);
      onDead(silent * options.everyMs);
      return;
    }
    silent += 1;
    onBeat();
  }, options.everyMs);
  return {
    alive() {
      silent = 0;
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** Row: what a session costs while nothing happens. */
import { pause } from '../measure.ts';
import type { Running } from '../peer.ts';

export interface IdleResult {
  /** CPU milliseconds a second, host and agent together. */
  readonly cpu: number;
  readonly rss: number;
  readonly agentRss?: number;
}

export async function idleRow(running: Running, ms: number): Promise<IdleResult | undefined> {
  if (running.usage === undefined) return undefined;
  // What was done before leaves something to do (texts are stored, memory is given back, which V8 begins within
  // 100 seconds): that is not idling.
  await pause(Math.max(2 * ms, 5000));
  const before = await running.usage();
  await pause(ms);
  const after = await running.usage();
  const spent =
    after.host.cpuMs - before.host.cpuMs + (after.agent?.cpuMs ?? 0) - (before.agent?.cpuMs ?? 0);
  return {
    cpu: spent / (ms / 1000),
    rss: after.host.rssBytes,
    ...(after.agent === undefined ? {} : { agentRss: after.agent.rssBytes }),
  };
}

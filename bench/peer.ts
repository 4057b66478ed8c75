/** What a bench needs of a tool: start it on a pair, perhaps nudge it, stop it. One file a tool in peers/. */
import type { Form, Pair } from './pair.ts';

export interface Processes {
  readonly host: number;
  /** Through a container only: the agent, and the command that carries the link. */
  readonly agent?: number;
  readonly link?: number;
}

export interface Running {
  /** Tools that do not watch: brings everything over that was changed. */
  readonly nudge?: () => Promise<void>;
  /** cai only: resolves when everything is over, what goes into the history too. */
  readonly settle?: () => Promise<void>;
  /** cai only: process ids as the host sees them. */
  readonly processes?: () => Promise<Processes>;
  /** cai only. */
  readonly usage?: () => Promise<Usage>;
  stop(): Promise<void>;
}

/** What a running session costs, since it was started. */
export interface Usage {
  /** CPU time in milliseconds. */
  readonly host: { readonly cpuMs: number; readonly rssBytes: number };
  readonly agent?: { readonly cpuMs: number; readonly rssBytes: number };
  /** Bytes that went through the link, both ways. */
  readonly linkBytes?: number;
}

export interface Peer {
  readonly name: string;
  readonly forms: readonly Form[];
  /** False: changes of the far side do not come back. */
  readonly twoWay: boolean;
  /** Its version, or undefined when it is not installed. */
  version(): Promise<string | undefined>;
  /** Resolves when both sides are the same for the first time. */
  start(pair: Pair): Promise<Running>;
}

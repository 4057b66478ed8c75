/** A route: how an agent is started at a far side, where its files are stored, what its failures mean. */
import type { ContainerPlace } from '../docker/place.ts';
import type { PodPlace } from '../docker/pod.ts';
import type { CaiError } from '../errors.ts';

/** Commands that are not the usual ones. */
export interface Tools {
  /** docker or podman, with its own arguments. */
  readonly docker?: readonly string[] | undefined;
  readonly ssh?: readonly string[] | undefined;
  readonly kubectl?: readonly string[] | undefined;
  /** The node command of the far side. */
  readonly node?: string | undefined;
}

/** What holds a directory; another one than before means that its files are others. */
export type FarPlace =
  | ContainerPlace
  | PodPlace
  /** A directory of another machine. */
  | { readonly kind: 'host'; readonly host: string };

export interface RouteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told a line for people when something takes long. */
  readonly onNotice?: ((line: string) => void) | undefined;
}

export interface Route {
  /** As status shows it, e.g. `docker exec`. */
  readonly transport: string;
  /** Program and arguments that run the boot script at the far side. */
  readonly command: readonly string[];
  /** Root of the file system in which the directory lies; the agent's own when left out. */
  readonly base?: string;
  /** Of a root as the agent knows it, links resolved. */
  place(root: string): Promise<FarPlace>;
  /** What a failure to connect means, and what to do about it. */
  explain(thrown: unknown): CaiError;
  /** Another route to the same place, after this one failed; undefined when there is none. */
  otherwise?(error: CaiError): Promise<Route | undefined>;
}

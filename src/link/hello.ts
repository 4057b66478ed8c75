/** What the host asks of the agent when it opens a link. */
import type { ReplicaOptions } from '../replica/replica.ts';
import { violation } from '../replica/violation.ts';

export interface Hello {
  /** Absolute. */
  readonly root: string;
  /** Root of the file system in which the root lies, when it is another process's. */
  readonly base?: string | undefined;
  readonly options: ReplicaOptions;
  /** Make the root when it is missing. */
  readonly create: boolean;
}

export function checkHello(data: unknown): Hello {
  const { root, base, options, create } = (data ?? {}) as Partial<Record<keyof Hello, unknown>>;
  if (typeof root !== 'string' || !root.startsWith('/')) throw violation('a root that is no path');
  if (base !== undefined && typeof base !== 'string') throw violation('a base that is no path');
  if (typeof options !== 'object' || options === null) throw violation('no options');
  return { root, base, options: options as ReplicaOptions, create: create === true };
}

/**
 * The one error family. An error has a stable code, the path it speaks of, and what to do next;
 * exit codes (and later MCP results and HTTP statuses) come from the one table below.
 */

/** Stable error codes, each with the exit code of a command that ends with it. */
export const exitCodes = {
  /** Wrong arguments or options. */
  USAGE: 2,
  /** containai.toml or another configuration file does not hold what it should. */
  CONFIG: 2,
  /** No session of that name, or none at all. */
  NO_SESSION: 3,
  /** No version, path or content of that name in the history. */
  NO_VERSION: 3,
  /** A root directory does not exist, is not a directory, or may not be entered. */
  ROOT: 4,
  /** No such conflict on the list. */
  NO_CONFLICT: 3,
  /** Nothing stands at the path. */
  NOT_FOUND: 3,
  /** A path that may not be touched: outside the root, a secret, or protected. */
  REFUSED: 4,
  /** The two roots, or a root and the state directory, lie inside one another. */
  OVERLAP: 4,
  /** docker (or podman) is not installed or its daemon does not answer. */
  NO_ENGINE: 5,
  /** No container of that name, or it does not run. */
  NO_CONTAINER: 5,
  /** The container has no usable `node`. */
  NO_NODE: 5,
  /** An image cannot be fetched or made. */
  IMAGE: 5,
  /** No volume of that name, or it cannot be used. */
  NO_VOLUME: 5,
  /** An archive is damaged, or holds what must not be unpacked. */
  ARCHIVE: 4,
  /** A machine or a cluster cannot be reached. */
  NO_HOST: 5,
  /** It does not let us in, or is not the one that is known: a person must see to it. */
  NO_ACCESS: 5,
  /** The link could not be opened, or broke. */
  LINK: 5,
  /** The far side sent something that the protocol does not allow. */
  PROTOCOL: 5,
  /** The state directory, or something in it, cannot be used. */
  STATE: 6,
  /** The session is there but cannot take this call now. */
  BUSY: 7,
  /** A deadline passed. */
  TIMEOUT: 8,
  /** Problems, conflicts or holds remain. */
  UNSETTLED: 9,
  /** The content is not the one that was expected: somebody edited it meanwhile. */
  STALE: 9,
  /** A text to replace is not there, or more than once. */
  NO_MATCH: 9,
  /** Something stands there already. */
  EXISTS: 9,
  /** What stands there is of another kind: a directory for a file, a pipe, a binary for a text. */
  KIND: 10,
  /** Larger than what may be asked for at once. */
  TOO_LARGE: 10,
  /** A file system call failed for a reason that has no code of its own. */
  IO: 10,
  /** No space left on a disk. */
  NO_SPACE: 10,
  /** No permission for a path. */
  PERMISSION: 10,
  /** Too few inotify watches. */
  WATCHES: 10,
  /** A name that the other side cannot hold. */
  NAME: 10,
  /** A defect of this program. */
  INTERNAL: 70,
  /** Ended by the user. */
  CANCELLED: 130,
} as const;

export type ErrorCode = keyof typeof exitCodes;

export interface ErrorOptions {
  /** The path that the error speaks of, as a person would write it. */
  readonly path?: string;
  /** What to do now, as one sentence. */
  readonly next?: string;
  readonly cause?: unknown;
}

/** The plain form of an error, as it stands in JSON output and travels over a control socket. */
export interface ErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly path?: string;
  readonly next?: string;
}

export class CaiError extends Error {
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly next: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CaiError';
    this.code = code;
    this.path = options.path;
    this.next = options.next;
  }

  get exitCode(): number {
    return exitCodes[this.code];
  }

  toJSON(): ErrorJson {
    return {
      code: this.code,
      message: this.message,
      ...(this.path === undefined ? {} : { path: this.path }),
      ...(this.next === undefined ? {} : { next: this.next }),
    };
  }
}

/** Makes a CaiError of anything that was thrown; system errors keep their meaning. */
export function toCaiError(thrown: unknown, path?: string): CaiError {
  if (thrown instanceof CaiError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = systemErrorCode((error as NodeJS.ErrnoException).code);
  const options: ErrorOptions = { cause: thrown, ...(path === undefined ? {} : { path }) };
  return new CaiError(code, error.message, options);
}

function systemErrorCode(code: string | undefined): ErrorCode {
  switch (code) {
    case undefined:
      return 'INTERNAL';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'NO_SPACE';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'PERMISSION';
    case 'ENAMETOOLONG':
    case 'EILSEQ':
    case 'EINVAL':
      return 'NAME';
    case 'ABORT_ERR':
      return 'CANCELLED';
    default:
      return 'IO';
  }
}

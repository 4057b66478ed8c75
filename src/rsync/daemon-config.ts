/** The configuration of an rsync daemon with one module, as text. Pure. */
import { CaiError } from '../errors.ts';

export interface DaemonModule {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly comment: string;
  readonly readOnly: boolean;
  readonly user: string;
  /** File with lines `USER:SECRET`. */
  readonly secrets: string;
  /** File with patterns of what is not there for clients. */
  readonly excludeFrom?: string;
  /** Addresses and networks that may connect. */
  readonly allow: readonly string[];
  /** Of a daemon that root starts: shut into the path, as this user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export interface DaemonFiles {
  readonly lock: string;
  readonly log: string;
}

/** Throws USAGE for a path that such a file cannot hold. */
export function daemonConfig(module: DaemonModule, files: DaemonFiles): string {
  const { name, path, comment, readOnly, user, secrets, excludeFrom, allow, owner } = module;
  const rows: readonly (readonly [string, string])[] = [
    ['path', path],
    ['comment', comment],
    ['use chroot', owner === undefined ? 'no' : 'yes'],
    ...(owner === undefined
      ? []
      : ([
          ['uid', `${owner.uid}`],
          ['gid', `${owner.gid}`],
        ] as const)),
    ['read only', readOnly ? 'yes' : 'no'],
    ['list', 'yes'],
    ['auth users', user],
    ['secrets file', secrets],
    ['strict modes', 'yes'],
    // What clients bring as a link is stored so that it leads nowhere, and what links name is not sent.
    ['munge symlinks', 'yes'],
    ['refuse options', 'copy-links copy-unsafe-links copy-dirlinks keep-dirlinks'],
    ...(excludeFrom === undefined ? [] : [['exclude from', excludeFrom] as const]),
  ];
  const lines = [
    'max connections = 4',
    'timeout = 300',
    `lock file = ${value(files.lock)}`,
    `log file = ${value(files.log)}`,
    `hosts allow = ${allow.join(' ')}`,
    'hosts deny = *',
    '',
    `[${name}]`,
    ...rows.map(([key, text]) => `  ${key} = ${value(text)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** A value ends with its line, loses spaces at its ends, and `%NAME%` in it is replaced. */
function value(text: string): string {
  if (!/[\n\r\0%]|^\s|\s$|\\$/.test(text)) return text;
  throw new CaiError('USAGE', `An rsync daemon cannot serve the path ${JSON.stringify(text)}.`, {
    path: text,
    next: 'Rename it, without percent signs, line ends and spaces at its ends.',
  });
}

/**
 * Patterns in .gitignore syntax as rsync's: there the first match decides, not the last, and upper and
 * lower case always differ.
 */
export function excludeLines(patterns: readonly string[]): string {
  const lines = patterns.toReversed().map((pattern) => {
    const isBack = pattern.startsWith('!');
    const body = (isBack ? pattern.slice(1) : pattern).replace(/^\*\*\//, '');
    return `${isBack ? '+' : '-'} ${body.replace(/[a-z]/g, (c) => `[${c}${c.toUpperCase()}]`)}`;
  });
  return `${lines.join('\n')}\n`;
}

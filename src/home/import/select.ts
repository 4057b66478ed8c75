/** What of a source is left out, and why: secrets, excludes and what flags say. Pure. */
import { compileIgnore, judge } from '../../tree/gitignore.ts';
import { baseName, toBinary } from '../../tree/path.ts';
import { secretFilePatterns, secretPatterns } from '../../tree/secrets.ts';
import {
  builtInExcludes,
  compileExcludes,
  type Excludes,
  excludedBy,
  excludedHere,
} from '../excludes.ts';
import type { ManifestEntry } from '../manifest.ts';
import { isSecretPath, type Wanted } from './wanted.ts';

export interface SelectOptions {
  /** Of the configuration. */
  readonly excludes: readonly string[];
  readonly noExcludes: boolean;
  readonly noSecrets: boolean;
  readonly excludePrivate: boolean;
  readonly secrets: readonly ManifestEntry[];
}

export interface Selection {
  /** All patterns that count, for people. */
  readonly patterns: readonly string[];
  /** Why a wanted path as a whole is left out. */
  readonly omitRoot: (wanted: Wanted) => string | undefined;
  /** Why something below a wanted path is left out. */
  readonly omit: (wanted: Wanted, path: string, isDirectory: boolean) => string | undefined;
  /** Why what stands behind a link is left out, though the link is not: nobody asked for it by its name. */
  readonly omitBehind: (path: string, isDirectory: boolean) => string | undefined;
}

const looksSecret = compileExcludes([...secretPatterns, ...secretFilePatterns]);
const privateName = compileIgnore('*.priv.*');

export function selection(options: SelectOptions): Selection {
  const own = options.noExcludes ? [] : options.excludes;
  const patterns = options.noExcludes ? [] : [...builtInExcludes, ...own];
  const compiled = { all: compileExcludes(patterns), own: compileExcludes(own) };
  return {
    patterns,
    omitRoot: (wanted) => {
      if (options.noSecrets && wanted.flags.has('secret')) return 'a secret (--no-secrets)';
      // What somebody names is meant, also where it usually would be left out.
      const list = wanted.additional ? compiled.own : compiled.all;
      const isDirectory = wanted.kind !== 'file';
      const pattern = excludedBy(list, wanted.path, isDirectory);
      if (pattern !== undefined) return `excluded by ${pattern}`;
      return options.noSecrets && !isDirectory ? noSecret(wanted.path, options) : undefined;
    },
    omit: (wanted, path, isDirectory) =>
      (options.noSecrets && !isDirectory ? noSecret(path, options) : undefined) ??
      excludeReason(compiled.all, path, isDirectory) ??
      flagReason(wanted, { path, isDirectory, options }),
    omitBehind: (path, isDirectory) =>
      (isDirectory ? undefined : secretReason(path, options)) ??
      excludeReason(compiled.own, path, isDirectory),
  };
}

function noSecret(path: string, options: SelectOptions): string | undefined {
  const reason = secretReason(path, options);
  return reason === undefined ? undefined : `${reason} (--no-secrets)`;
}

/** Why a file counts as a secret, by the manifest or by its name; undefined when it does not. */
export function secretReason(
  path: string,
  { secrets }: Pick<SelectOptions, 'secrets'>,
): string | undefined {
  if (isSecretPath(secrets, path)) return 'a secret';
  const pattern = excludedBy(looksSecret, path.toLowerCase(), false);
  return pattern === undefined ? undefined : `looks like a secret: ${pattern}`;
}

function excludeReason(excludes: Excludes, path: string, isDirectory: boolean): string | undefined {
  const pattern = excludedHere(excludes, path, isDirectory);
  return pattern === undefined ? undefined : `excluded by ${pattern}`;
}

interface Below {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly options: SelectOptions;
}

function flagReason({ flags }: Wanted, { path, isDirectory, options }: Below): string | undefined {
  const name = baseName(path);
  if (flags.has('no-system') && !options.noExcludes && isDirectory && name === '.system')
    return 'the tool brings it itself';
  const subject = { path: toBinary(path), name: toBinary(name), isDirectory };
  if (flags.has('private') && options.excludePrivate && judge(privateName, subject) === 'exclude')
    return 'private (*.priv.*)';
  return undefined;
}

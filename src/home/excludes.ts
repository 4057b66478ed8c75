/**
 * What import and export leave out, with one meaning for both: patterns in .gitignore syntax, from the
 * home directory, which is also the volume's root. A later pattern goes before an earlier one; `!pattern`
 * takes back in, unless a directory above is left out as a whole. Pure.
 */
import { compileIgnore, type IgnoreList, judge } from '../tree/gitignore.ts';
import { baseName, toBinary } from '../tree/path.ts';

/** Caches and what is built: large, and of no use in another machine's home. Import leaves them out. */
export const builtInExcludes: readonly string[] = [
  // Caches.
  '.cache/',
  'cache/',
  'Cache/',
  'CachedData/',
  'Code Cache/',
  'GPUCache/',
  '__pycache__/',
  '.mypy_cache/',
  '.pytest_cache/',
  '.ruff_cache/',
  // Installed plugins stand there.
  '!.claude/plugins/cache/',
  // What is built.
  'node_modules/',
  '!.vscode-server/extensions/**/node_modules/',
  '!.vscode-server-insiders/extensions/**/node_modules/',
  '.venv/',
  'venv/',
  'target/debug/',
  'target/release/',
  '*.pyc',
  '*.o',
  '*.tsbuildinfo',
  // What agents write down of their own work.
  '.claude/projects/',
  '.claude/statsig/',
  '.claude/todos/',
  '.claude/shell-snapshots/',
  '.continue/sessions/',
  '.continue/index/',
  '.claude/plugins/**/.orphaned_at',
  // Leftovers of editors and desktops.
  '.DS_Store',
  'Thumbs.db',
  '*.swp',
  '*~',
];

export interface Excludes {
  readonly patterns: readonly string[];
  readonly all: IgnoreList;
  /** Each pattern alone, to tell which one it was. */
  readonly single: readonly IgnoreList[];
}

export function compileExcludes(patterns: readonly string[]): Excludes {
  const lines = patterns.map((pattern) => pattern.replace(/^(!?)~\//, '$1/'));
  return {
    patterns,
    all: compileIgnore(lines.join('\n')),
    single: lines.map((line) => compileIgnore(line)),
  };
}

/** The pattern that leaves out a path whose parents are not left out. For walks from the top. */
export function excludedHere(
  excludes: Excludes,
  path: string,
  isDirectory: boolean,
): string | undefined {
  const binary = toBinary(path);
  const subject = { path: binary, name: baseName(binary), isDirectory };
  if (judge(excludes.all, subject) !== 'exclude') return undefined;
  const at = excludes.single.findLastIndex((list) => judge(list, subject) === 'exclude');
  return excludes.patterns[at];
}

/** The pattern that leaves a path out, or a directory above it; undefined when it is not left out. */
export function excludedBy(
  excludes: Excludes,
  path: string,
  isDirectory: boolean,
): string | undefined {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const above = excludedHere(excludes, path.slice(0, slash), true);
    if (above !== undefined) return above;
  }
  return excludedHere(excludes, path, isDirectory);
}

/** As a question, for walks from the top that do not enter what is left out. */
export function exclusion(
  patterns: readonly string[],
): (path: string, isDirectory: boolean) => boolean {
  const excludes = compileExcludes(patterns);
  return (path, isDirectory) => excludedHere(excludes, path, isDirectory) !== undefined;
}

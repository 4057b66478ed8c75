/**
 * Which conflict policy holds at a path: the session's, unless a rule of the configuration names the
 * path or a directory above it. The last rule that does decides. Pure.
 */
import { compileIgnore, type IgnoreList, judge } from './gitignore.ts';
import { baseName, type Path, parentPath, toBinary } from './path.ts';
import type { ConflictPolicy } from './reconcile.ts';

/** Paths in .gitignore syntax, from the root, and the policy for conflicts there. */
export interface ConflictRule {
  readonly paths: readonly string[];
  readonly conflicts: ConflictPolicy;
}

/** Compiles the rules of a session; the answer of the returned function costs no more than O(depth). */
export function conflictPolicies(
  standard: ConflictPolicy,
  rules: readonly ConflictRule[],
): (path: Path) => ConflictPolicy {
  const compiled = rules
    .map(({ paths, conflicts }) => ({ list: compileIgnore(paths.join('\n')), conflicts }))
    .reverse();
  return (path) => compiled.find(({ list }) => names(list, path))?.conflicts ?? standard;
}

/** True when the patterns name the path or a directory above it; the nearest one they speak of counts. */
export function names(list: IgnoreList, path: Path): boolean {
  const binary = toBinary(path);
  for (let at = binary; at !== ''; at = parentPath(at)) {
    const judgement = judge(list, { path: at, name: baseName(at), isDirectory: at !== binary });
    if (judgement !== undefined) return judgement === 'exclude';
  }
  return false;
}

/**
 * Which paths are synchronised (DESIGN 8). Order, later ones win where they can: built-in never-sync,
 * secrets, `.gitignore` at any depth, `.caiignore` at any depth, configuration. Pure.
 */
import type { Path } from './path.ts';

/** What decides which paths are synchronised, apart from the ignore files in the tree itself. */
export interface RuleOptions {
  /** Patterns in .gitignore syntax from the configuration and the command line, read last. */
  readonly ignore: readonly string[];
  /** Patterns of secrets that are synchronised all the same. */
  readonly allow: readonly string[];
  /** Read .gitignore files. */
  readonly gitignore: boolean;
  /** Synchronise .git directories (their code-running parts stay protected from the container). */
  readonly git: boolean;
}

export type Verdict =
  | { readonly excluded: false }
  | { readonly excluded: true; readonly by: 'own' | 'git' | 'secret' | 'gitignore' | 'caiignore' | 'config' };

export class Rules {
  constructor(_options: RuleOptions) {}

  /** Text of a `.gitignore` or `.caiignore` (null: it is gone). True when that changed anything. */
  setRuleFile(_path: Path, _text: string | null): boolean {
    throw new Error('not built yet');
  }

  /** The verdict for a path whose parent directories are all included. */
  verdict(_path: Path, _isDirectory: boolean): Verdict {
    throw new Error('not built yet');
  }

  /** The verdict for any path: an excluded parent excludes it. */
  fullVerdict(_path: Path, _isDirectory: boolean): Verdict {
    throw new Error('not built yet');
  }
}

/** True for the files whose text belongs into setRuleFile. */
export function isRuleFile(path: Path): boolean {
  return /(^|\/)\.(git|cai)ignore$/.test(path);
}

/** Paths that the container must not write: they make the host run code. */
export function isProtected(_path: Path): boolean {
  throw new Error('not built yet');
}

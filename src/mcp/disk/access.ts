/**
 * Which paths tools may touch, by the rules that sync has: secrets and cai's own files not at all, paths that make
 * the host run code not for writing. Ignored files are no secret: they may be read and written.
 */
import { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath } from '../../tree/path.ts';
import { isProtected, Rules } from '../../tree/rules.ts';

export type Use = 'read' | 'write';

export interface Access {
  /** Throws REFUSED, with the reason. */
  check(path: Path, use: Use, isDirectory?: boolean): void;
  /** True for what is left out of lists and searches. */
  hides(path: Path, isDirectory: boolean): boolean;
}

/** `allow`: secrets that are synchronised all the same, as in the session's options. */
export function createAccess(allow: readonly string[]): Access {
  // No ignore files: these could only shadow the verdicts that matter here.
  const rules = new Rules({ ignore: [], allow, gitignore: false, git: true });
  const why = (path: Path, isDirectory: boolean): 'own' | 'secret' | undefined => {
    const verdict = rules.fullVerdict(path, isDirectory);
    if (!verdict.excluded || (verdict.by !== 'own' && verdict.by !== 'secret')) return undefined;
    return verdict.by;
  };
  return {
    hides: (path, isDirectory) => why(path, isDirectory) !== undefined,
    check(path, use, isDirectory = false) {
      const by = why(path, isDirectory);
      if (by === 'secret') throw secret(path);
      if (by === 'own') throw refused(path, "it is one of cai's own files");
      if (use === 'write' && path === '') throw refused(path, 'it is the workspace itself');
      if (use === 'write' && isProtected(path))
        throw refused(path, 'writing there could make the host run code');
    },
  };
}

function secret(path: Path): CaiError {
  return new CaiError('REFUSED', `${displayPath(path)} is refused: by its name it holds secrets.`, {
    path,
    next: 'Ask the user; they can allow it with `allow` in containai.toml.',
  });
}

function refused(path: Path, why: string): CaiError {
  const name = path === '' ? '.' : displayPath(path);
  return new CaiError('REFUSED', `${name} is refused: ${why}.`, { path });
}

/**
 * Remembers the paths of an archive, in whatever order they come: each may come once, and what is in a
 * directory must not go through something else. Pure.
 */
export interface PathBook {
  /** What is wrong with it, or undefined. */
  add(path: string, kind: 'file' | 'directory' | 'link'): string | undefined;
}

type Known = 'file' | 'directory' | 'link' | 'parent';

export function createPathBook(): PathBook {
  const known = new Map<string, Known>();
  return {
    add(path, kind) {
      const before = known.get(path);
      if (before !== undefined && before !== 'parent') return 'comes twice';
      if (before === 'parent' && kind !== 'directory')
        return `is a ${kind}, and something goes through it`;
      known.set(path, kind);
      for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
        const parent = path.slice(0, at);
        const stands = known.get(parent);
        if (stands === 'file' || stands === 'link') return `goes through a ${stands}`;
        if (stands !== undefined) return undefined;
        known.set(parent, 'parent');
      }
      return undefined;
    },
  };
}

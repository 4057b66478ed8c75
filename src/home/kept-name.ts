/** The name of a version that gives way, beside the one that stays. Pure. */

/** `x.before-sync`, or the next free of `x.before-sync-2` … */
export function keptName(
  path: string,
  isTaken: (path: string) => boolean,
  suffix: 'before-import' | 'before-sync',
): string {
  for (let number = 1; ; number += 1) {
    const name = `${path}.${suffix}${number === 1 ? '' : `-${number}`}`;
    if (!isTaken(name)) return name;
  }
}

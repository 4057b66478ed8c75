/** Whether a file system tells names apart that differ in case only; found out without writing. */
import type { Disk } from './disk-path.ts';

export function isCaseSensitive({ fs, root }: Disk): boolean {
  const other = swapCase(root);
  // No letter in the path to try it with.
  if (other === root) return process.platform !== 'darwin' && process.platform !== 'win32';
  try {
    const here = fs.lstatSync(root);
    const there = fs.lstatSync(other, { throwIfNoEntry: false });
    return there === undefined || there.ino !== here.ino || there.dev !== here.dev;
  } catch {
    return true;
  }
}

/** The other case for the last name, which is the one that stands on the file system in question. */
function swapCase(path: string): string {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const upper = name.toUpperCase();
  return path.slice(0, slash + 1) + (upper === name ? name.toLowerCase() : upper);
}

/**
 * Paths that make the host run code, which the container must therefore not write (invariant 7): git
 * runs hooks, its configuration and attributes name commands, and so does containai.toml, which also
 * says what of the host's files comes into the container at all. Judged by the name only, and by any
 * spelling that some host's file system takes for the same name.
 */
import type { Entry } from './entry.ts';
import type { Path } from './path.ts';

// Code points that HFS+ ignores in names, so that `.g<U+200C>it` opens `.git` there.
const ignoredOnHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
const notAscii = /[\u0080-\uffff]/;

/** A name without what file systems disregard: case, composition, NTFS's trailing dots and streams. */
function fold(name: string): string {
  const plain = notAscii.test(name) ? name.normalize('NFKD').replace(ignoredOnHfs, '') : name;
  return plain
    .toLowerCase()
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '');
}

/** True when a file system may take the name for `.git`. */
export function isDotGit(name: string): boolean {
  // Quickly past nearly all names: only a few first characters can become '.' or 'g'.
  const first = name.charCodeAt(0);
  if (first < 0x80 && first !== 0x2e && (first | 0x20) !== 0x67) return false;
  // `git~1` is the short name that NTFS gives to `.git`.
  return /^(\.git|git~\d+)$/.test(fold(name));
}

/** True when a file system may take the name for `containai.toml`, the configuration of cai itself. */
function isOwnConfiguration(name: string): boolean {
  if ((name.charCodeAt(0) | 0x20) !== 0x63 && !notAscii.test(name)) return false;
  return /^(containai\.toml|contai~\d+\.tom)$/.test(fold(name));
}

/**
 * True for paths that the container must not write: containai.toml, the code-running parts of a `.git` directory, and
 * `.git` itself, which as a file would lead to such a directory elsewhere. With the `kind` of what is
 * to be written, links anywhere in a `.git` are protected too: one in place of a directory would
 * bring in these parts from elsewhere.
 */
export function isProtected(path: Path, kind?: Entry['kind']): boolean {
  // Where the path is only judged, a backslash that Windows takes for a slash does no harm.
  const names = path.split(/[\\/]/);
  for (const [at, name] of names.entries()) {
    if (isOwnConfiguration(name)) return true;
    if (!isDotGit(name)) continue;
    const rest = names.slice(at + 1).map(fold);
    if (rest.length === 0 || kind === 'link' || runsCode(rest)) return true;
  }
  return false;
}

/** Run or read by git as configuration: at the top of a git directory. */
const protectedNames = new Set([
  'hooks',
  'config',
  'config.worktree',
  // These lead git to another directory for all of the above.
  'commondir',
  'gitdir',
  // Their lists of steps can hold `exec` lines, which `git rebase --continue` runs.
  'rebase-merge',
  'rebase-apply',
]);

/** `names` are the folded names below a git directory. */
function runsCode(names: readonly string[]): boolean {
  const [first = '', second] = names;
  if (protectedNames.has(first) || isShortName(first)) return true;
  if (first === 'info')
    return second === undefined || second === 'attributes' || isShortName(second);
  if (first === 'worktrees') return names.length < 3 || runsCode(names.slice(2));
  // A submodule's name may hold slashes: its git directory can begin at any depth.
  if (first === 'modules') return names.some((_, at) => at > 0 && runsCode(names.slice(at)));
  return false;
}

/** `CONFIG~1.WOR`: a name that NTFS made up, for some other name that is not known here. */
function isShortName(name: string): boolean {
  return /~\d/.test(name);
}

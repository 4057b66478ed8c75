/**
 * What sync leaves out of a directory, read from the ignore files in it when somebody asks. The session
 * has the last word; this answers without it, and for servers that have none.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Path } from '../../tree/path.ts';
import { parentPath } from '../../tree/path.ts';
import type { RuleOptions, Verdict } from '../../tree/rules.ts';
import { Rules } from '../../tree/rules.ts';
import type { Held } from './held.ts';
import { hold, letGo, reach } from './held.ts';

export interface IgnoreRules {
  /** Reads the ignore files of the directories above a path, and of itself if it is one. */
  readAbove(path: Path): void;
  /** Reads those of a directory that is held open; its parents' must have been read. */
  readHere(here: Held): void;
  /** For a name in a directory whose ignore files have been read, and which is not ignored itself. */
  ignores(path: Path, isDirectory: boolean): boolean;
  /** For any path whose parents' ignore files have been read. */
  verdict(path: Path, isDirectory: boolean): Verdict;
}

const names = ['.gitignore', '.caiignore'] as const;
const maxBytes = 1024 * 1024;

/** For one call of a tool: what was read stays as it was. */
export function createIgnoreRules(root: string, options: RuleOptions): IgnoreRules {
  const rules = new Rules(options);
  const readHere = (here: Held): void => {
    for (const name of names) {
      const text = readText(here, name);
      if (text !== null) rules.setRuleFile(here.path === '' ? name : `${here.path}/${name}`, text);
    }
  };
  return {
    readHere,
    readAbove(path) {
      for (const directory of downTo(path)) {
        const here = tryHold(directory === '' ? root : `${root}/${directory}`, directory);
        if (here === undefined) return;
        try {
          readHere(here);
        } finally {
          letGo(here);
        }
      }
    },
    ignores: (path, isDirectory) => rules.verdict(path, isDirectory).excluded,
    verdict: (path, isDirectory) => rules.fullVerdict(path, isDirectory),
  };
}

/** '' and every directory down to the path itself. */
function downTo(path: Path): Path[] {
  const found = [path];
  for (let at = path; at !== ''; at = parentPath(at)) found.unshift(parentPath(at));
  return found;
}

/** The paths are real ones; one that became a link a moment ago only costs its ignore file. */
function tryHold(at: string, path: Path): Held | undefined {
  try {
    return hold(at, path, path === '');
  } catch {
    return undefined;
  }
}

/** null: there is none, or it is nothing that git would read. */
function readText(here: Held, name: string): string | null {
  let fd: number | undefined;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    fd = openSync(reach(here, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > maxBytes) return null;
    const buffer = Buffer.alloc(stat.size);
    return buffer.subarray(0, readSync(fd, buffer, 0, stat.size, 0)).toString();
  } catch {
    return null;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

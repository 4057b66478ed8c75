/**
 * Feeds the rules with the ignore files of this disk. They count whether or not they are synchronised
 * themselves, and are read before the other names of their directory.
 */
import { fromBytes, joinPath, type Path } from '../tree/path.ts';
import type { Found } from './look.ts';
import { lookPatiently } from './look.ts';
import type { DirectoryNode } from './nodes.ts';
import { lookTask, type View } from './view.ts';

export const ruleFileNames = ['.gitignore', '.caiignore'] as const;

/** An ignore file beyond this size is none: nobody wrote that by hand. */
export const maxRuleFile = 4 * 1024 * 1024;

export interface RuleFile {
  readonly found: Found;
  /** The rules are others than before. */
  readonly changed: boolean;
}

/** Reads one ignore file, always with its content, and brings it into the rules. */
export async function readRuleFile(
  view: View,
  directory: DirectoryNode,
  path: Path,
): Promise<RuleFile> {
  const found = await lookPatiently(lookTask(view, path, undefined, maxRuleFile), 100);
  // What cannot be read now keeps the rules that it had: it is told as a problem.
  if (found.kind === 'blocked' && found.why !== 'special') return { found, changed: false };
  const text = found.kind === 'file' && found.bytes !== undefined ? fromBytes(found.bytes) : null;
  if (text !== null) directory.ruled = true;
  return { found, changed: view.rules.setRuleFile(path, text) };
}

/** Brings the ignore files of a directory that is being listed into the rules. */
export async function readRuleFiles(
  view: View,
  directory: DirectoryNode,
  path: Path,
  names: ReadonlySet<string>,
): Promise<{ readonly files: ReadonlyMap<string, Found>; readonly changed: boolean }> {
  const files = new Map<string, Found>();
  let changed = false;
  for (const name of ruleFileNames) {
    const at = joinPath(path, name);
    if (names.has(name)) {
      const file = await readRuleFile(view, directory, at);
      files.set(name, file.found);
      changed ||= file.changed;
    } else if (directory.ruled && view.rules.setRuleFile(at, null)) changed = true;
  }
  return { files, changed };
}

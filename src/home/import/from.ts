/** What `--from` names: a directory, an archive, or standard input. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaiError } from '../../errors.ts';
import { expandHome } from '../workspace.ts';

export type ImportSource =
  /** Without a path: the home directory. */
  | { readonly kind: 'directory'; readonly path: string | undefined }
  /** '-' is standard input. */
  | { readonly kind: 'archive'; readonly path: string };

/** Throws ROOT when there is no such thing. */
export function importSource(from: string | undefined): ImportSource {
  if (from === undefined) return { kind: 'directory', path: undefined };
  if (from === '-') return { kind: 'archive', path: '-' };
  const path = resolve(expandHome(from));
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return { kind: 'directory', path };
  if (stats !== undefined) return { kind: 'archive', path };
  throw new CaiError('ROOT', `There is no ${path} to import from.`, {
    path,
    next: 'Name a directory or an archive with --from.',
  });
}

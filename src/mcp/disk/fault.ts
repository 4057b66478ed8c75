/** Errors of the file system in words that say what to do, without paths of this machine in them. */
import { CaiError, toCaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath } from '../../tree/path.ts';

export function fromErrno(thrown: unknown, path: Path): CaiError {
  if (thrown instanceof CaiError) return thrown;
  const { code } = thrown as NodeJS.ErrnoException;
  const name = path === '' ? 'the workspace' : displayPath(path);
  const options = { path, cause: thrown };
  switch (code) {
    case 'ENOENT':
      return new CaiError('NOT_FOUND', `There is nothing at ${name}.`, {
        ...options,
        next: 'Look with list_files or search_files.',
      });
    case 'ENOTDIR':
      return new CaiError('KIND', `A name on the way to ${name} is not a directory.`, options);
    case 'EISDIR':
      return new CaiError('KIND', `${name} is a directory.`, options);
    case 'EEXIST':
    case 'ENOTEMPTY':
      return new CaiError('EXISTS', `Something stands at ${name} already.`, options);
    case 'ELOOP':
      return new CaiError('REFUSED', `${name} is refused: it became a link just now.`, options);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new CaiError('PERMISSION', `${name} may not be used (${code}).`, options);
    case undefined:
      return toCaiError(thrown, path);
    default: {
      const { code: kind } = toCaiError(thrown);
      return new CaiError(kind, `${name} cannot be used (${code}).`, options);
    }
  }
}

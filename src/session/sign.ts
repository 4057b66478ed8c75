/** Puts a person's decision into the history: what a side holds at a path goes over in their name (see claims.ts). */
import type { Path, Side } from '../tree/path.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';

export function sign(
  { core, claims }: Pick<Engine, 'core' | 'claims'>,
  author: string,
  { side, path }: { readonly side: Side; readonly path: Path },
): void {
  const look = sideLook(core, side, path);
  const digest = look === null ? null : look.kind === 'file' ? look.digest : undefined;
  claims.note(side, author, [{ path, ...(digest === undefined ? {} : { digest }) }]);
}

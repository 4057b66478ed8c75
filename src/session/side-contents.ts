/** What the two sides and the base hold at a path, for a comparison. */
import type { SideContent, SideContents } from '../control/api.ts';
import type { Look } from '../tree/entry.ts';
import { isText, maxTextBytes } from '../tree/merge-text.ts';
import type { Path, Side } from '../tree/path.ts';
import { readSide } from './contents.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';

export async function sideContents(engine: Engine, path: Path): Promise<SideContents> {
  const side = (name: Side) =>
    contentOf(sideLook(engine.core, name, path), (entry) => readSide(engine, name, path, entry));
  const base = contentOf(engine.core.base.get(path), ({ digest }) =>
    engine.store.texts.read(digest),
  );
  const [local, container, common] = await Promise.all([side('local'), side('container'), base]);
  return { path, local, container, base: common };
}

type FileLook = Extract<Look, { kind: 'file' }>;

async function contentOf(
  look: Look,
  read: (entry: FileLook) => Promise<Uint8Array | undefined>,
): Promise<SideContent> {
  const entry = look?.kind === 'blocked' ? null : look;
  if (entry?.kind !== 'file') return { entry };
  if (entry.size > maxTextBytes) return { entry, without: 'large' };
  const bytes = await read(entry);
  if (bytes === undefined) return { entry, without: 'unknown' };
  if (!isText(bytes)) return { entry, without: 'binary' };
  return { entry, content: Buffer.from(bytes).toString('base64') };
}

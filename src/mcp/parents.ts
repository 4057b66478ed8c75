/** The directories that a write will have to make first: they are its author's too. */
import { toCaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { parentPath } from '../tree/path.ts';
import { announce } from './change.ts';
import { withSpot } from './disk/descend.ts';
import type { ToolCall } from './tool.ts';

/** Tells the session whose they will be, before they are made. */
export async function announceParents(call: ToolCall, path: Path): Promise<void> {
  const missing = await missingAbove(call.workspace.root, path);
  if (missing.length === 0) return;
  await call.workspace.port.ready();
  if (call.workspace.port.isUp())
    await announce(
      call,
      missing.map((one) => ({ path: one })),
    );
}

async function missingAbove(root: string, path: Path): Promise<Path[]> {
  const missing: Path[] = [];
  for (let parent = parentPath(path); parent !== ''; parent = parentPath(parent)) {
    if (await isThere(root, parent)) break;
    missing.push(parent);
  }
  return missing;
}

/** What cannot be reached at all is told by the write itself. */
function isThere(root: string, path: Path): Promise<boolean> {
  return withSpot({ root, path }, ({ stat }) => stat !== undefined).catch(
    (error: unknown) => toCaiError(error).code !== 'NOT_FOUND',
  );
}

import * as z from 'zod';
import type { Claim } from '../../control/api.ts';
import { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath, isWithin } from '../../tree/path.ts';
import { atWork } from '../at-work.ts';
import { carry, describeSync, syncOutcome } from '../change.ts';
import type { Spot } from '../disk/descend.ts';
import { withSpot } from '../disk/descend.ts';
import { fromErrno } from '../disk/fault.ts';
import { readWhole } from '../disk/read.ts';
import { moveTo } from '../disk/shape.ts';
import { kindOf } from '../disk/walk.ts';
import { checkBelow } from '../inside.ts';
import { announceParents } from '../parents.ts';
import { kindName, pathText } from '../schemas.ts';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';

const input = z.object({
  source: pathText,
  destination: pathText.describe('the new path, with its name; directories on the way are made'),
});

const output = z.object({
  source: z.string(),
  destination: z.string(),
  kind: kindName,
  sync: syncOutcome,
});

export const movePath = tool({
  name: 'move_path',
  title: 'Move or rename',
  description:
    'Moves or renames a file, directory or link (links themselves, not what they lead to). It never replaces anything: the destination must not be there.',
  input,
  output,
  effect: 'changes',
  async run({ source, destination }, call) {
    const { workspace } = call;
    const { root } = workspace;
    const [from, to] = [workspace.path(source), workspace.path(destination)];
    for (const path of [from, to]) workspace.access.check(path, 'write');
    await announceParents(call, to);
    return withSpot({ root, path: from, follow: false }, (old) =>
      withSpot({ root, path: to, follow: false, make: true }, async (next) => {
        await checkBoth(call, old, next);
        const isDirectory = old.stat?.isDirectory() === true;
        const change = {
          path: next.path,
          isDirectory,
          whole: isDirectory,
          claims: await claimsOf(call, old, next),
        };
        // What is in a directory, or too large to be read for its digest, is signed as it comes.
        const isNamed = change.claims.at(-1)?.digest !== undefined;
        const move = () => moveTo(old, next);
        const { sync } = await carry(call, change, () =>
          isNamed ? move() : atWork(call, next.path, move),
        );
        const kind = old.stat === undefined ? 'other' : kindOf(old.stat);
        const names = `${displayPath(old.path)} to ${displayPath(next.path)}`;
        const data = { source: old.path, destination: next.path, kind, sync };
        return { text: `Moved ${names}${describeSync(sync)}`, data };
      }),
    );
  },
});

async function checkBoth(call: ToolCall, old: Spot, next: Spot): Promise<void> {
  const { access } = call.workspace;
  if (old.stat === undefined) throw fromErrno({ code: 'ENOENT' }, old.path);
  const isDirectory = old.stat.isDirectory();
  for (const { path } of [old, next]) access.check(path, 'write', isDirectory);
  if (next.stat !== undefined) throw fromErrno({ code: 'EEXIST' }, next.path);
  if (isDirectory && isWithin(old.path, next.path))
    throw new CaiError('USAGE', 'A directory cannot be moved into itself.', { path: next.path });
  if (isDirectory) await checkBelow(call, old.path, next.path);
}

async function claimsOf({ workspace }: ToolCall, old: Spot, next: Spot): Promise<Claim[]> {
  const gone = { path: old.path, digest: null };
  const place = (digest: string | undefined): { path: Path; digest?: string } =>
    digest === undefined ? { path: next.path } : { path: next.path, digest };
  if (old.stat?.isFile() !== true) return [gone, place(undefined)];
  const digest = await readWhole(old, workspace.root).then(
    (file) => file.digest,
    () => undefined,
  );
  return [gone, place(digest)];
}

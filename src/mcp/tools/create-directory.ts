import * as z from 'zod';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import { carry, describeSync, syncOutcome, unchanged } from '../change.ts';
import { withSpot } from '../disk/descend.ts';
import { makeDirectory } from '../disk/shape.ts';
import { announceParents } from '../parents.ts';
import { pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const output = z.object({
  path: z.string(),
  result: z.enum(['created', 'unchanged']),
  sync: syncOutcome,
});

export const createDirectory = tool({
  name: 'create_directory',
  title: 'Create a directory',
  description: 'Makes a directory, and those on the way to it. One that is there already is fine.',
  input: z.object({ path: pathText }),
  output,
  effect: 'adds',
  async run({ path: text }, call) {
    const { workspace } = call;
    const asked = workspace.path(text);
    if (asked !== '') workspace.access.check(asked, 'write', true);
    await announceParents(call, asked);
    return withSpot({ root: workspace.root, path: asked, make: true }, async (spot) => {
      const { path, stat } = spot;
      const name = path === '' ? '.' : displayPath(path);
      if (stat?.isDirectory()) {
        const data = { path, result: 'unchanged' as const, sync: unchanged(call) };
        return { text: `${name} is there already`, data };
      }
      workspace.access.check(path, 'write', true);
      if (stat !== undefined)
        throw new CaiError('EXISTS', `${name} is there, and is no directory.`, { path });
      const change = { path, isDirectory: true, claims: [{ path }] };
      const { sync } = await carry(call, change, () => makeDirectory(spot));
      return {
        text: `Created ${name}/${describeSync(sync)}`,
        data: { path, result: 'created' as const, sync },
      };
    });
  },
});

/** What lists and searches share: where to start, what to leave out, and what could not be read. */
import * as z from 'zod';
import type { Path } from '../tree/path.ts';
import type { Walked } from './disk/walk.ts';
import { walk } from './disk/walk.ts';
import { compilePatterns } from './glob.ts';
import { comesAfter, isBehind } from './page.ts';
import type { ToolCall } from './tool.ts';

export const unreadableRows = z
  .array(z.object({ path: z.string(), code: z.string(), message: z.string() }))
  .describe('directories that could not be read');

export interface ExploreInput {
  readonly path: string | undefined;
  readonly includeIgnored: boolean | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly maxDepth?: number | undefined;
  readonly cursor?: string | undefined;
  /** The path may be a file: then it is all there is. */
  readonly orFile?: boolean;
}

export interface Exploring {
  readonly found: AsyncGenerator<Walked>;
  readonly unreadable: { path: Path; code: string; message: string }[];
}

const maxUnreadable = 100;

/** Everything below a path that is asked for, behind the cursor. */
export function explore(call: ToolCall, input: ExploreInput): Exploring {
  const { workspace, signal } = call;
  const { cursor } = input;
  const unreadable: Exploring['unreadable'] = [];
  const excluded = compilePatterns(input.exclude ?? []);
  const start = workspace.path(input.path ?? '.');
  const walked = walk({
    root: workspace.root,
    start,
    access: workspace.access,
    ignore: input.includeIgnored === true ? undefined : workspace.ignoreRules(),
    maxDepth: input.maxDepth ?? Number.POSITIVE_INFINITY,
    signal,
    orFile: input.orFile === true,
    enter: ({ path }) => !excluded(path) && (cursor === undefined || !isBehind(path, cursor)),
    onUnreadable(path, { code, message }) {
      if (unreadable.length < maxUnreadable) unreadable.push({ path, code, message });
    },
  });
  return { unreadable, found: behind(walked, cursor, excluded, call) };
}

async function* behind(
  walked: AsyncGenerator<Walked>,
  cursor: Path | undefined,
  excluded: (path: Path) => boolean,
  { progress }: ToolCall,
): AsyncGenerator<Walked> {
  let seen = 0;
  for await (const one of walked) {
    seen += 1;
    progress.tell(seen, one.path);
    if (excluded(one.path)) continue;
    if (cursor === undefined || comesAfter(one.path, cursor)) yield one;
  }
}

import * as z from 'zod';
import { displayPath, parentPath } from '../../tree/path.ts';
import { explore, unreadableRows } from '../explore.ts';
import { globText, kindName, pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const input = z.object({
  path: pathText.optional().describe('the directory; default the workspace'),
  depth: z.number().int().min(1).max(50).optional().describe('default 4'),
  exclude: z.array(globText).max(100).optional().describe('globs of what to leave out'),
  include_ignored: z.boolean().optional().describe('also what .gitignore leaves out'),
  limit: z.number().int().min(1).max(5000).optional().describe('default 1000 names'),
});

interface Node {
  name: string;
  kind: z.output<typeof kindName>;
  children?: Node[] | undefined;
}

const node: z.ZodType<Node> = z.object({
  name: z.string(),
  kind: kindName,
  get children() {
    return z.array(node).optional();
  },
});

const output = z.object({
  path: z.string(),
  tree: z.array(node),
  shown: z.number(),
  truncated: z.boolean().describe('there is more than the limit'),
  unreadable: unreadableRows,
});

export const directoryTree = tool({
  name: 'directory_tree',
  title: 'Show the tree of a directory',
  description:
    'Shows what is in a directory and below it as a tree, without what .gitignore leaves out. For sizes and pages use list_files.',
  input,
  output,
  effect: 'reads',
  async run(
    { path = '.', depth = 4, exclude, include_ignored: includeIgnored, limit = 1000 },
    call,
  ) {
    const { found, unreadable } = explore(call, { path, maxDepth: depth, exclude, includeIgnored });
    const tree: Node[] = [];
    const directories = new Map<string, Node[]>();
    const lines: string[] = [];
    let shown = 0;
    let truncated = false;
    for await (const one of found) {
      if (shown === limit) {
        truncated = true;
        break;
      }
      shown += 1;
      const children: Node[] | undefined = one.kind === 'directory' ? [] : undefined;
      const made: Node = { name: one.name, kind: one.kind, ...(children && { children }) };
      if (children !== undefined) directories.set(one.path, children);
      (directories.get(parentPath(one.path)) ?? tree).push(made);
      const mark = one.kind === 'directory' ? '/' : one.kind === 'link' ? '@' : '';
      lines.push('  '.repeat(one.depth - 1) + displayPath(one.name) + mark);
    }
    if (truncated) lines.push(`… more than ${limit} names: look at a part, or list_files`);
    const text = lines.length === 0 ? 'nothing there' : lines.join('\n');
    return { text, data: { path, tree, shown, truncated, unreadable } };
  },
});

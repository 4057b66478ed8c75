import * as z from 'zod';
import { toCaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import { readWhole } from '../disk/read.ts';
import type { Walked } from '../disk/walk.ts';
import { explore, unreadableRows } from '../explore.ts';
import { compilePattern } from '../glob.ts';
import type { FindLines } from '../line-matcher.ts';
import { compileMatcher } from '../line-matcher.ts';
import { cursorText, globText, pathText } from '../schemas.ts';
import { linesOf, textOf } from '../text.ts';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';

const maxFileBytes = 8 * 1024 * 1024;
const maxLineChars = 500;
const maxPerFile = 200;
const maxOutputChars = 200_000;

const input = z.object({
  pattern: z
    .string()
    .min(1)
    .max(2000)
    .describe('a JavaScript regular expression, matched line by line'),
  path: pathText.optional().describe('file or directory; default the workspace'),
  glob: globText.optional().describe('only files that match, for instance "*.ts"'),
  exclude: z.array(globText).max(100).optional().describe('globs of what to leave out'),
  literal: z.boolean().optional().describe('the pattern is the text itself'),
  ignore_case: z.boolean().optional(),
  whole_words: z.boolean().optional(),
  context: z
    .number()
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('lines around each match; default 0'),
  include_ignored: z.boolean().optional().describe('also what .gitignore leaves out'),
  limit: z.number().int().min(1).max(1000).optional().describe('matching lines; default 200'),
  cursor: cursorText,
});

const match = z.object({
  path: z.string(),
  line: z.number(),
  text: z.string(),
  before: z.array(z.string()).optional(),
  after: z.array(z.string()).optional(),
});

const output = z.object({
  matches: z.array(match),
  files_searched: z.number(),
  skipped: z
    .object({ binary: z.number(), large: z.number(), secret: z.number() })
    .describe('files that were not searched'),
  unreadable: unreadableRows,
  next_cursor: z.string().optional(),
});

type Match = z.output<typeof match>;

export const grep = tool({
  name: 'grep',
  title: 'Search in files',
  description:
    'Searches the contents of text files for a regular expression. Files that .gitignore leaves out, binary files and secrets are not searched. Paged by files: go on with next_cursor.',
  input,
  output,
  effect: 'reads',
  async run(args, call) {
    const { limit = 200, context = 0 } = args;
    const find = compileMatcher({
      pattern: args.pattern,
      literal: args.literal ?? false,
      ignoreCase: args.ignore_case ?? false,
      wholeWords: args.whole_words ?? false,
    });
    const { files, unreadable } = await filesOf(args, call);
    const data: z.input<typeof output> = {
      matches: [],
      files_searched: 0,
      skipped: { binary: 0, large: 0, secret: 0 },
      unreadable,
    };
    let chars = 0;
    let last: string | undefined;
    for await (const file of files) {
      if (data.matches.length >= limit || chars > maxOutputChars) {
        if (last !== undefined) data.next_cursor = last;
        break;
      }
      last = file.path;
      const lines = await readLines(file, call, data);
      if (lines === undefined) continue;
      data.files_searched += 1;
      call.progress.tell(data.files_searched, file.path);
      for (const found of matchesIn(file.path, lines, { find, context })) {
        data.matches.push(found);
        chars += found.text.length;
      }
    }
    return { text: render(data), data };
  },
});

type Files = Pick<Walked, 'path' | 'refused' | 'at' | 'stat'>;

/** A single file too: that one is searched whatever ignore files say. */
async function filesOf(args: z.output<typeof input>, call: ToolCall) {
  const { path, glob, exclude, include_ignored: includeIgnored, cursor } = args;
  const matches = glob === undefined ? () => true : compilePattern(glob);
  const { found, unreadable } = explore(call, {
    path,
    includeIgnored,
    exclude,
    cursor,
    orFile: true,
  });
  return { files: only(found, matches), unreadable };
}

async function* only(
  found: AsyncIterable<Walked>,
  matches: (path: string) => boolean,
): AsyncGenerator<Files> {
  for await (const one of found) if (one.kind === 'file' && matches(one.path)) yield one;
}

/** undefined when it is left out; `data` says why. */
async function readLines(
  file: Files,
  { workspace }: ToolCall,
  data: z.input<typeof output>,
): Promise<string[] | undefined> {
  if (file.refused) {
    data.skipped.secret += 1;
    return undefined;
  }
  try {
    const spot = { path: file.path, at: file.at, stat: file.stat() };
    const { bytes } = await readWhole(spot, workspace.root, maxFileBytes);
    const text = textOf(bytes);
    if (text !== undefined) return linesOf(text).map((line) => line.replace(/\r?\n$/, ''));
    data.skipped.binary += 1;
  } catch (thrown) {
    const { code, message } = toCaiError(thrown);
    if (code === 'TOO_LARGE') data.skipped.large += 1;
    else data.unreadable.push({ path: file.path, code, message });
  }
  return undefined;
}

function* matchesIn(
  path: string,
  lines: readonly string[],
  { find, context }: { readonly find: FindLines; readonly context: number },
): Generator<Match> {
  for (const at of find(lines, maxPerFile)) {
    const found = { path, line: at + 1, text: short(lines[at] as string) };
    if (context === 0) yield found;
    else
      yield {
        ...found,
        before: lines.slice(Math.max(0, at - context), at).map(short),
        after: lines.slice(at + 1, at + 1 + context).map(short),
      };
  }
}

function short(line: string): string {
  if (line.length <= maxLineChars) return line;
  return `${line.slice(0, maxLineChars).replace(/[\ud800-\udbff]$/, '')}…`;
}

function render({
  matches,
  next_cursor: next,
  files_searched: searched,
}: z.input<typeof output>): string {
  if (matches.length === 0) return `no match in ${searched} files`;
  const lines = matches.flatMap(({ path, line, text, before = [], after = [] }) => {
    const name = displayPath(path);
    const around = before.length + after.length > 0;
    return [
      ...before.map((each, at) => `${name}-${line - before.length + at}-${each}`),
      `${name}:${line}:${text}`,
      ...after.map((each, at) => `${name}-${line + 1 + at}-${each}`),
      ...(around ? ['--'] : []),
    ];
  });
  if (next !== undefined) lines.push(`… more: cursor ${JSON.stringify(next)}`);
  return lines.join('\n');
}

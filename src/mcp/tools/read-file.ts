import * as z from 'zod';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import { withSpot } from '../disk/descend.ts';
import type { WholeFile } from '../disk/read.ts';
import { readWhole } from '../disk/read.ts';
import { mediaBlock } from '../media.ts';
import { partOf } from '../read-text.ts';
import { pathText } from '../schemas.ts';
import { eolOf, textOf } from '../text.ts';
import type { Answer, ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';

/** About what a model can take in at once. */
const maxChars = 200_000;
const maxMediaBytes = 4 * 1024 * 1024;
const maxLines = 1_000_000_000;

const lineNumber = z.number().int().min(1).max(maxLines);

const input = z.object({
  path: pathText,
  start_line: lineNumber.optional().describe('the first line is 1'),
  line_count: lineNumber.optional(),
  head: lineNumber.optional().describe('the first so many lines'),
  tail: lineNumber.optional().describe('the last so many lines'),
});

export const readOutput = z.object({
  path: z.string(),
  kind: z.enum(['text', 'image', 'audio', 'binary']),
  size: z.number(),
  digest: z.string().describe('for expected_digest'),
  modified: z.string(),
  eol: z.enum(['lf', 'crlf', 'mixed', 'none']).optional(),
  first_line: z.number().optional(),
  last_line: z.number().optional(),
  total_lines: z.number().optional(),
  next_line: z.number().optional().describe('start_line of the next part; absent at the end'),
  cut: z.boolean().optional().describe('a line is too long to be shown whole'),
});

type Args = z.output<typeof input>;
type ReadAnswer = Omit<Answer, 'data'> & { readonly data: z.input<typeof readOutput> };

export const readFile = tool({
  name: 'read_file',
  title: 'Read a file',
  description:
    'Reads a text file as it is, whole or by lines; long files come in parts (next_line). Images and audio come as such, other binary files as an embedded resource. The digest in the answer can be given to edit_file or write_file as expected_digest.',
  input,
  output: readOutput,
  effect: 'reads',
  run: (args, call) => readOne(args, call, maxChars),
});

/** One file as an answer, of at most so many characters. */
export async function readOne(args: Args, call: ToolCall, limit: number): Promise<ReadAnswer> {
  const { workspace } = call;
  const asked = workspace.path(args.path);
  workspace.access.check(asked, 'read');
  const { path, file } = await withSpot({ root: workspace.root, path: asked }, async (spot) => {
    workspace.access.check(spot.path, 'read', spot.stat?.isDirectory());
    return { path: spot.path, file: await readWhole(spot, workspace.root) };
  });
  const text = textOf(file.bytes);
  return text === undefined ? media(path, file, args) : textPart(path, file, { text, args, limit });
}

function facts(path: string, { bytes, digest, stat }: WholeFile) {
  return { path, size: bytes.length, digest, modified: new Date(stat.mtimeMs).toISOString() };
}

function textPart(
  path: string,
  file: WholeFile,
  { text, args, limit }: { readonly text: string; readonly args: Args; readonly limit: number },
): ReadAnswer {
  const { start_line: startLine, line_count, head, tail } = args;
  const given = [startLine ?? line_count, head, tail].filter((one) => one !== undefined);
  if (given.length > 1)
    throw new CaiError('USAGE', 'Give one of start_line and line_count, head, or tail.', { path });
  const part = partOf(text, { startLine, lineCount: line_count ?? head, tail }, limit);
  const { text: shown, ...where } = part;
  const data = { ...facts(path, file), kind: 'text' as const, eol: eolOf(text), ...where };
  return { text: shown, data };
}

function media(
  path: string,
  file: WholeFile,
  { start_line, line_count, head, tail }: Args,
): ReadAnswer {
  const name = displayPath(path);
  if ((start_line ?? line_count ?? head ?? tail) !== undefined)
    throw new CaiError('KIND', `${name} is no UTF-8 text; it has no lines.`, { path });
  if (file.bytes.length > maxMediaBytes)
    throw new CaiError('TOO_LARGE', `${name} is no text and has ${file.bytes.length} bytes.`, {
      path,
      next: `At most ${maxMediaBytes} bytes of a binary file can be shown.`,
    });
  const { kind, block } = mediaBlock(path, file.bytes);
  return { text: `${name} (${kind})`, blocks: [block], data: { ...facts(path, file), kind } };
}

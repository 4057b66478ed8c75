import * as z from 'zod';
import { CaiError } from '../../errors.ts';
import { unifiedDiff } from '../../tree/diff-text.ts';
import { displayPath } from '../../tree/path.ts';
import { describeSync, syncOutcome } from '../change.ts';
import type { WholeFile } from '../disk/read.ts';
import { applyEdits, type Edit } from '../edits.ts';
import type { Put } from '../put-file.ts';
import { bytesOfText, putFile } from '../put-file.ts';
import { contentText, expectedDigest, pathText } from '../schemas.ts';
import { textOf } from '../text.ts';
import { tool } from '../tool.ts';

const maxDiffChars = 40_000;

const edit = z.object({
  old_text: contentText.min(1).describe('exactly as it stands in the file, blanks included'),
  new_text: contentText,
  replace_all: z
    .boolean()
    .optional()
    .describe('replace every occurrence; else it must be the only one'),
});

const input = z.object({
  file_path: pathText,
  content: contentText
    .optional()
    .describe('the whole new content; makes the file if it is not there'),
  edits: z
    .array(edit)
    .min(1)
    .max(200)
    .optional()
    .describe('replacements, one after the other; all are made or none'),
  dry_run: z.boolean().optional().describe('only answer with the diff'),
  expected_digest: expectedDigest,
});

const output = z.object({
  path: z.string(),
  result: z.enum(['created', 'replaced', 'unchanged']),
  dry_run: z.boolean(),
  replacements: z.number().optional(),
  size: z.number(),
  digest: z.string(),
  diff: z.string().optional().describe('unified; left out where it is very long or no text'),
  sync: syncOutcome,
});

export const editFile = tool({
  name: 'edit_file',
  title: 'Edit a file',
  description:
    'Edits a text file in the workspace: give either `edits` (exact replacements) or `content` (the whole new content). The change is synchronised to the other side, and the answer says when it is there. Line ends, mode and encoding stay as they are.',
  input,
  output,
  effect: 'changes',
  async run(args, call) {
    const { file_path: file, content, edits, expected_digest: expectedDigest } = args;
    if ((content === undefined) === (edits === undefined))
      throw new CaiError('USAGE', 'Give either content or edits.', { path: file });
    let replacements: number | undefined;
    const put = await putFile(call, {
      file,
      expectedDigest,
      dryRun: args.dry_run,
      needsOld: edits !== undefined,
      content(old, path) {
        if (content !== undefined) return bytesOfText(content, file);
        const edited = editedText(old, edits ?? [], path);
        replacements = edited.replacements;
        return bytesOfText(edited.text, file);
      },
    });
    const dry_run = args.dry_run === true;
    const diff = diffOf(put);
    const count = replacements === undefined ? {} : { replacements };
    const data = { ...summary(put), dry_run, ...count, ...(diff === undefined ? {} : { diff }) };
    return { text: tell(put, dry_run, diff), data };
  },
});

function editedText(old: WholeFile | undefined, edits: readonly Edit[], path: string) {
  const name = displayPath(path);
  if (old === undefined)
    throw new CaiError('NOT_FOUND', `There is no file ${name} to edit.`, {
      path,
      next: 'Make it with content instead of edits.',
    });
  const text = textOf(old.bytes);
  if (text === undefined)
    throw new CaiError('KIND', `${name} is not UTF-8 text; an edit could damage it.`, {
      path,
      next: 'Nothing was changed. Replace it as a whole with write_file and encoding "base64".',
    });
  return applyEdits(text, edits, path);
}

function summary({ path, result, bytes, digest, sync }: Put) {
  return { path, result, size: bytes.length, digest, sync };
}

function diffOf({ path, old, bytes }: Put): string | undefined {
  const [from, to] = [old === undefined ? '' : textOf(old.bytes), textOf(bytes)];
  if (from === undefined || to === undefined || from.length + to.length > 2 * 1024 * 1024)
    return undefined;
  const name = displayPath(path);
  const before = { name: old === undefined ? '/dev/null' : `a/${name}`, text: from };
  const diff = unifiedDiff(before, { name: `b/${name}`, text: to });
  return diff.length > maxDiffChars ? undefined : diff;
}

function tell({ path, result, sync }: Put, dryRun: boolean, diff: string | undefined): string {
  const name = displayPath(path);
  if (result === 'unchanged') return `${name} holds exactly that already; nothing was written`;
  if (dryRun) return `Dry run: ${name} would be ${result}.\n${diff ?? '(too long to show)'}`;
  return `${result === 'created' ? 'Created' : 'Edited'} ${name}${describeSync(sync)}`;
}

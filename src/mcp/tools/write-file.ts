import * as z from 'zod';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import { describeSync, syncOutcome } from '../change.ts';
import { bytesOfText, putFile } from '../put-file.ts';
import { contentText, expectedDigest, pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const input = z.object({
  path: pathText,
  content: contentText,
  encoding: z.enum(['utf8', 'base64']).optional().describe('base64 for what is no text'),
  expected_digest: expectedDigest,
});

const output = z.object({
  path: z.string(),
  result: z.enum(['created', 'replaced', 'unchanged']),
  size: z.number(),
  digest: z.string(),
  sync: syncOutcome,
});

export const writeFileTool = tool({
  name: 'write_file',
  title: 'Write a file',
  description:
    'Creates a file or replaces all of its content; directories on the way are made. For a small change in a long file use edit_file. The answer says when the change is on the other side.',
  input,
  output,
  effect: 'sets',
  async run({ path: file, content, encoding, expected_digest: expectedDigest }, call) {
    const put = await putFile(call, {
      file,
      expectedDigest,
      needsOld: false,
      content: () =>
        encoding === 'base64' ? bytesOfBase64(content, file) : bytesOfText(content, file),
    });
    const { path, result, bytes, digest, sync } = put;
    const name = displayPath(path);
    const verb = result === 'created' ? 'Created' : 'Replaced';
    const text =
      result === 'unchanged'
        ? `${name} holds exactly that already; nothing was written`
        : `${verb} ${name} (${bytes.length} bytes)${describeSync(sync)}`;
    return { text, data: { path, result, size: bytes.length, digest, sync } };
  },
});

function bytesOfBase64(content: string, path: string): Buffer {
  const plain = content.replace(/\s+/g, '');
  const bytes = Buffer.from(plain, 'base64');
  // Buffer.from passes over whatever is no base64.
  if (bytes.toString('base64').replace(/=+$/, '') === plain.replace(/=+$/, '')) return bytes;
  throw new CaiError('USAGE', 'The content is not base64.', { path, next: 'Nothing was written.' });
}

import type { ContentBlock } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { toCaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import { pathText } from '../schemas.ts';
import { tool } from '../tool.ts';
import { readOne, readOutput } from './read-file.ts';

const maxChars = 400_000;
const smallest = 2000;

const input = z.object({ paths: z.array(pathText).min(1).max(100) });

const output = z.object({
  files: z.array(readOutput),
  failed: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
});

export const readFiles = tool({
  name: 'read_files',
  title: 'Read several files',
  description:
    'Reads several files at once, each as read_file does. What cannot be read is listed in `failed`; the others are read all the same. Together they are bounded: a file that is cut has next_line.',
  input,
  output,
  effect: 'reads',
  async run({ paths }, call) {
    const files: z.input<typeof readOutput>[] = [];
    const failed: { path: string; code: string; message: string }[] = [];
    const blocks: ContentBlock[] = [];
    let left = maxChars;
    for (const [index, path] of paths.entries()) {
      call.signal.throwIfAborted();
      call.progress.tell(index, path, paths.length);
      try {
        const share = Math.max(smallest, Math.floor(left / (paths.length - index)));
        const { data, text, blocks: media } = await readOne({ path }, call, share);
        files.push(data);
        left -= media === undefined ? text.length : 0;
        const head = `==> ${displayPath(data.path)} <==\n`;
        if (media === undefined) blocks.push({ type: 'text', text: head + text });
        else blocks.push({ type: 'text', text: head }, ...media);
      } catch (thrown) {
        const { code, message } = toCaiError(thrown);
        failed.push({ path, code, message });
        blocks.push({ type: 'text', text: `==> ${displayPath(path)} <==\n${code}: ${message}` });
      }
    }
    return { text: '', blocks, data: { files, failed }, failed: files.length === 0 };
  },
});

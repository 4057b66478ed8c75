/** Parts of the tools' schemas. They stand at module level: made once, not for each request. */
import * as z from 'zod';

export const maxPathText = 8192;
export const maxContentChars = 8 * 1024 * 1024;

export const pathText = z
  .string()
  .min(1)
  .max(maxPathText)
  .describe('relative to the workspace, for instance "src/index.ts"; "." is the workspace itself');

export const digestText = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('SHA-256 of the content, 64 hexadecimal digits');

export const expectedDigest = z
  .union([digestText, z.literal('none')])
  .optional()
  .describe(
    'the digest that read_file gave; if somebody changed the file since, nothing is written and the error names the digest of what is there now. "none": nothing may be there',
  );

export const contentText = z.string().max(maxContentChars);

export const kindName = z.enum(['file', 'directory', 'link', 'other']);

export const cursorText = z
  .string()
  .max(maxPathText)
  .optional()
  .describe('next_cursor of the page before');

export const globText = z.string().min(1).max(1000);

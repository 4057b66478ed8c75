import * as z from 'zod';
import { compare } from '../../control/compare.ts';
import type { EndContent } from '../../control/diff-end.ts';
import { endOf } from '../../control/diff-end.ts';
import { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath } from '../../tree/path.ts';
import { pathText } from '../schemas.ts';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';

const maxChars = 200_000;

const endText = z
  .string()
  .min(1)
  .max(64)
  .describe('"local", "container", "base" (what both had last), or the id of a version');

const input = z.object({
  path: pathText.optional().describe('needed unless a version is named'),
  from: endText.optional().describe('default local'),
  to: endText.optional().describe('default container'),
});

const output = z.object({
  path: z.string(),
  from: z.string(),
  to: z.string(),
  result: z.enum(['same', 'text', 'kind', 'binary', 'large', 'unknown']),
  patch: z.string().optional().describe('unified'),
  cut: z.boolean().optional(),
});

export const diff = tool({
  name: 'diff',
  title: 'Compare',
  description:
    'Compares a path between the two sides, with what both had last, or with a version of the history, as a unified diff.',
  input,
  output,
  effect: 'reads',
  async run({ path: text, from = 'local', to = 'container' }, call) {
    const asked = text === undefined ? undefined : call.workspace.path(text);
    if (asked !== undefined) call.workspace.access.check(asked, 'read');
    const path = asked ?? (await pathOfVersions(call, [from, to]));
    const ends = await Promise.all([from, to].map((end) => readEnd(call, path, end)));
    const compared = compare(path, ends[0] as EndContent, ends[1] as EndContent);
    const { result, patch } = compared;
    const cut = patch !== undefined && patch.length > maxChars;
    const shown = cut ? patch.slice(0, maxChars) : patch;
    const data = {
      path,
      from: compared.from.label,
      to: compared.to.label,
      result,
      ...(shown === undefined ? {} : { patch: shown }),
      ...(cut ? { cut } : {}),
    };
    return { text: shown ?? `${displayPath(path)}: ${words[result]}`, data };
  },
});

const words = {
  same: 'both are the same',
  text: 'both are the same',
  kind: 'they are different kinds of things',
  binary: 'they are different, and no text',
  large: 'they are different, and larger than 1 MiB',
  unknown: 'a content is not known any more',
} as const;

const sides: readonly string[] = ['local', 'container', 'base'];

async function pathOfVersions(call: ToolCall, ends: readonly string[]): Promise<Path> {
  const id = ends.find((end) => !sides.includes(end));
  if (id === undefined)
    throw new CaiError('USAGE', 'Name a path, or a version.', { next: 'See history for the ids.' });
  const { version } = await readVersion(call, id);
  call.workspace.access.check(version.path, 'read');
  return version.path;
}

function readVersion({ workspace, signal }: ToolCall, version: string) {
  return workspace.port.call('version', { version }, { signal });
}

async function readEnd(call: ToolCall, path: Path, end: string): Promise<EndContent> {
  const { workspace, signal } = call;
  if (end === 'local' || end === 'container' || end === 'base') {
    if (path === '') throw new CaiError('KIND', 'The workspace is a directory.', { path });
    const contents = await workspace.port.call('contents', { path }, { signal, timeoutMs: 60_000 });
    return endOf(end, contents[end]);
  }
  const { version, content } = await readVersion(call, end);
  workspace.access.check(version.path, 'read');
  return endOf(`version ${version.id}`, content);
}

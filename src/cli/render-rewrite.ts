/** What an undo or a restore did, or would do, as lines of text. Pure. */
import type { RewriteResult } from '../control/api.ts';
import { displayPath } from '../tree/path.ts';
import { clock, count } from './format.ts';
import type { Colors } from './output.ts';

const words = {
  create: 'back',
  update: 'as before',
  attributes: 'permissions',
  remove: 'removed',
} as const;

export function renderRewrite(result: RewriteResult, colors: Colors): string[] {
  const { done, refused, dryRun, since, knownSince } = result;
  const lines = done.map(
    ({ path, action, kind }) =>
      `${displayPath(path)}${kind === 'directory' ? '/' : ''}  ${colors.dim(words[action])}`,
  );
  for (const { path, message } of refused)
    lines.push(`${colors.yellow('left as it is')}  ${displayPath(path)}: ${displayPath(message)}`);
  if (knownSince !== undefined)
    lines.push(colors.yellow(`changes from before ${clock(knownSince)} are not remembered`));
  if (done.length + refused.length === 0) return [...lines, colors.dim('nothing to take back')];
  const verb = dryRun ? 'would put back' : 'put back';
  const left = refused.length === 0 ? '' : `, ${refused.length} left as they are`;
  return [...lines, `${verb} ${count(done.length, 'path')} as of ${clock(since)}${left}`];
}

/** Which calls ask first, and which may run beside another. Pure. */
import type { Arguments, ListedTool } from './arguments.ts';

/** They may replace something, but what they replace is in the history, and they are the daily work. */
const daily: readonly string[] = ['sync_from_local', 'sync_to_local', 'edit_file'];

/** True for what removes, rewinds or runs something. A tool that says nothing of itself counts as one. */
export function asksFirst({ name, annotations }: ListedTool, args: Arguments): boolean {
  if (annotations?.readOnlyHint === true || annotations?.destructiveHint === false) return false;
  return !daily.includes(name) && args.dry_run !== true;
}

export function onlyReads({ annotations }: ListedTool): boolean {
  return annotations?.readOnlyHint === true;
}

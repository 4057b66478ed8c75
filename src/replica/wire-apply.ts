/** Reads actions (on the agent) and their outcomes (on the host); as strict as `wire-check.ts`. */
import type { Entry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import type { Action, Outcome, Source } from './replica.ts';
import { violation } from './violation.ts';
import type { Contents } from './wire-check.ts';
import {
  checkArray,
  checkEntry,
  checkError,
  checkExpect,
  checkKept,
  checkKeptId,
  checkLook,
  checkPath,
  checkText,
  isDirectory,
  isFile,
  openContents,
} from './wire-check.ts';

export function checkActions(data: unknown, bytes: Uint8Array): readonly Action[] {
  const contents = openContents(bytes);
  const actions = checkArray(data).map((row) => checkAction(checkArray(row, 5), contents));
  contents.end();
  return actions;
}

function checkAction(row: readonly unknown[], contents: Contents): Action {
  const [type, rawPath] = row;
  const path = checkPath(rawPath);
  const expect = checkExpect(row[2], path);
  if (type === 'remove') return { type, path, expect: present(expect) };
  const entry = checkEntry(row[3], path);
  switch (type) {
    case 'write':
      if (!isFile(entry)) break;
      return { type, path, expect, entry, source: checkSource(row[4], entry, contents) };
    case 'link':
      if (entry.kind !== 'link') break;
      return { type, path, expect, entry };
    case 'mkdir':
      if (!isDirectory(entry)) break;
      return { type, path, expect, entry };
    case 'attributes': {
      const before = present(expect);
      if (before.kind === 'link' || entry.kind === 'link') break;
      return { type, path, expect: before, entry };
    }
  }
  throw violation('an action that makes no sense');
}

function present(entry: Entry | null): Entry {
  if (entry === null) throw violation('an action on nothing');
  return entry;
}

function checkSource(
  value: unknown,
  entry: { readonly digest: string; readonly size: number },
  contents: Contents,
): Source {
  const [from, what] = checkArray(value, 2);
  switch (from) {
    case 'bytes':
      return { from, bytes: contents.take(what, entry.digest, entry.size) };
    case 'staged':
      return { from, id: checkKeptId(what) };
    case 'copy':
    case 'move':
      return { from, path: checkPath(what) };
    default:
      throw violation('a content from nowhere');
  }
}

/** Outcomes of exactly these actions, in their order. */
export function checkOutcomes(data: unknown, actions: readonly Action[]): readonly Outcome[] {
  return checkArray(data, actions.length).map((value, index) =>
    checkOutcome(value, actions[index] as Action),
  );
}

function checkOutcome(value: unknown, action: Action): Outcome {
  if (typeof value !== 'object' || value === null) throw violation('an outcome that is no object');
  const raw = value as Readonly<Record<string, unknown>>;
  const { path } = action;
  if (raw.path !== path) throw violation('an outcome of another action');
  const { result } = raw;
  if (result !== 'done' && result !== 'missed' && result !== 'failed') {
    throw violation('an outcome of no known kind');
  }
  return {
    path,
    result,
    now: checkLook(checkArray(raw.now, 6), 0, path),
    ...(raw.error === undefined ? {} : { error: outcomeError(raw.error) }),
    ...(raw.kept === undefined ? {} : { kept: checkKeptOf(raw.kept, action) }),
    ...(raw.leftover === undefined ? {} : { leftover: checkLeftover(raw.leftover) }),
  };
}

function outcomeError(value: unknown): ReturnType<typeof checkError> {
  const [code, message] = checkArray(value, 2);
  return checkError(code, message);
}

/** What an action displaced stood at its path, or is the file that it moved. */
function checkKeptOf(value: unknown, action: Action): ReturnType<typeof checkKept> {
  const kept = checkKept(value);
  const moved: Path | undefined =
    action.type === 'write' && action.source.from === 'move' ? action.source.path : undefined;
  if (kept.path !== action.path && kept.path !== moved) {
    throw violation('a kept file of another path');
  }
  return kept;
}

/** Names only: they are shown, never used. */
function checkLeftover(value: unknown): readonly string[] {
  return checkArray(value, 1_000_000).map((name) => checkText(name));
}

/**
 * How observations, actions and outcomes stand in messages: arrays instead of objects, contents one
 * after the other in the binary part. Encoding only; `wire-check.ts` reads, and trusts nothing.
 */
import type { Look } from '../tree/entry.ts';
import type { Action, Kept, Observation, Outcome, ReadResult, Source } from './replica.ts';

/** JSON and the bytes beside it. */
export interface Packet {
  readonly data: unknown;
  readonly bytes: Uint8Array;
}

/** A larger content never travels inside a message. */
export const maxInlineBytes = 1024 * 1024;

export function encodeLook(look: Look): readonly unknown[] {
  switch (look?.kind) {
    case undefined:
      return ['n'];
    case 'file':
      return [look.executable ? 'x' : 'f', look.digest, look.size, look.mode, look.mtime];
    case 'directory':
      return ['d', look.mode];
    case 'link':
      return ['l', look.target];
    case 'blocked':
      return ['b', look.why, look.message.slice(0, 1000)];
  }
}

/** A file's row ends with the length of its content when that comes along. */
export function encodeRows(rows: readonly Observation[]): Packet {
  const contents: Uint8Array[] = [];
  const data = rows.map(({ path, look, bytes }) => {
    const row = [path, ...encodeLook(look)];
    if (look?.kind !== 'file' || bytes === undefined || bytes.length > maxInlineBytes) return row;
    contents.push(bytes);
    row.push(bytes.length);
    return row;
  });
  return { data, bytes: join(contents) };
}

export function encodeActions(actions: readonly Action[]): Packet {
  const contents: Uint8Array[] = [];
  const data = actions.map((action) => {
    const entry = action.type === 'remove' ? null : action.entry;
    const row = [action.type, action.path, encodeLook(action.expect), encodeLook(entry)];
    if (action.type === 'write') row.push(encodeSource(action.source, contents));
    return row;
  });
  return { data, bytes: join(contents) };
}

function encodeSource(source: Source, contents: Uint8Array[]): readonly unknown[] {
  switch (source.from) {
    case 'bytes':
      contents.push(source.bytes);
      return ['bytes', source.bytes.length];
    case 'staged':
      return ['staged', source.id];
    case 'copy':
    case 'move':
      return [source.from, source.path];
  }
}

export function encodeKept({ id, path, entry, expected }: Kept): readonly unknown[] {
  return [id, path, encodeLook(entry), expected];
}

export function encodeOutcomes(outcomes: readonly Outcome[]): Packet {
  const data = outcomes.map(({ path, result, now, error, kept, leftover }) => ({
    path,
    result,
    now: encodeLook(now),
    error: error && [error.code, error.message.slice(0, 1000)],
    kept: kept && encodeKept(kept),
    leftover: leftover && boundedNames(leftover),
  }));
  return { data, bytes: join([]) };
}

const leftoverBytes = 512 * 1024;

/** Nothing is left out silently: what does not fit in a message is told by its number. */
function boundedNames(names: readonly string[]): readonly string[] {
  let cost = 0;
  const fits = names.findIndex((name) => {
    cost += textCost(name);
    return cost > leftoverBytes;
  });
  if (fits < 0) return names;
  return [...names.slice(0, fits), `… and ${names.length - fits} more`];
}

export function encodeReadResults(results: readonly ReadResult[]): Packet {
  const contents: Uint8Array[] = [];
  const data = results.map((result) => {
    if (!result.ok) return [result.error.code, result.error.message.slice(0, 1000)];
    contents.push(result.bytes);
    return [result.bytes.length];
  });
  return { data, bytes: join(contents) };
}

function join(contents: readonly Uint8Array[]): Uint8Array {
  return contents.length === 1 ? (contents[0] as Uint8Array) : Buffer.concat(contents);
}

const plain = /^[ !#-[\]-~]*$/;

/** Not less than the bytes of a string in JSON: everything but plain ASCII may become \uXXXX. */
export function textCost(text: string): number {
  return 3 + (plain.test(text) ? text.length : text.length * 6);
}

/** Not less than the bytes of a look in JSON. */
function lookCost(look: Look): number {
  switch (look?.kind) {
    case undefined:
    case 'directory':
      return 20;
    case 'file':
      return 140;
    case 'link':
      return 20 + textCost(look.target);
    case 'blocked':
      return 50 + textCost(look.message.slice(0, 1000));
  }
}

/** Not less than the bytes of an observation in a message. */
export function rowCost({ path, look, bytes }: Observation): number {
  const inline = bytes === undefined || bytes.length > maxInlineBytes ? 0 : bytes.length;
  return textCost(path) + lookCost(look) + inline;
}

export function keptCost({ id, path, entry }: Kept): number {
  return 20 + textCost(id) + textCost(path) + lookCost(entry);
}

export function outcomeCost({ path, now, error, kept, leftover = [] }: Outcome): number {
  const names = leftover.reduce((sum, name) => sum + textCost(name), 200);
  return (
    Math.min(names, leftoverBytes + 200) +
    textCost(path) +
    lookCost(now) +
    textCost(error?.message.slice(0, 1000) ?? '') +
    (kept === undefined ? 0 : keptCost(kept))
  );
}

export function actionCost(action: Action): number {
  const target = action.type === 'link' ? textCost(action.entry.target) : 0;
  const inline =
    action.type === 'write' && action.source.from === 'bytes' ? action.source.bytes.length : 0;
  return 200 + 2 * textCost(action.path) + lookCost(action.expect) + target + 140 + inline;
}

/** No packet costs more, unless a single item does. */
export const packetBytes = 1024 * 1024;

/** Cuts a list so that every part costs at most `limit`; never an empty part. */
export function* cutByCost<T>(
  items: Iterable<T>,
  cost: (item: T) => number,
  limit = packetBytes,
): Generator<readonly T[], void, undefined> {
  let part: T[] = [];
  let sum = 0;
  for (const item of items) {
    const one = cost(item);
    if (part.length > 0 && sum + one > limit) {
      yield part;
      part = [];
      sum = 0;
    }
    part.push(item);
    sum += one;
  }
  if (part.length > 0) yield part;
}

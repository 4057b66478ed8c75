/** Which session a command means: by name, id or prefix, else by the current directory, else the only one. */
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { CaiError } from '../errors.ts';
import type { SessionRecord } from './api.ts';
import { readRegistry } from './sessions.ts';

export interface FindOptions {
  readonly name?: string | undefined;
  /** Directory to look from when there is no name. */
  readonly cwd?: string;
  /** Also sessions that `cai unwatch` ended; watched ones come first. */
  readonly ended?: boolean;
}

/** The session that is meant; throws NO_SESSION, or USAGE when several could be. */
export function findSession(options: FindOptions): SessionRecord {
  const { records } = readRegistry();
  const watched = records.filter((record) => record.ended === undefined);
  if (options.ended !== true) return choose(watched, options);
  try {
    return choose(watched, options);
  } catch (error) {
    const ended = records.filter((record) => record.ended !== undefined);
    if (ended.length === 0 || (error as CaiError).code !== 'NO_SESSION') throw error;
    return choose(ended, options);
  }
}

/** As findSession, among given records. */
export function choose(records: readonly SessionRecord[], options: FindOptions): SessionRecord {
  const { name } = options;
  return name === undefined
    ? byPlace(records, options.cwd ?? process.cwd())
    : byName(records, name);
}

function byName(records: readonly SessionRecord[], name: string): SessionRecord {
  const exact = records.filter((record) => record.name === name || record.id === name);
  if (exact.length > 0) return single(exact, `Several sessions are called ${name}.`);
  const begins = (text: string) => name !== '' && text.startsWith(name);
  const close = records.filter((record) => begins(record.name) || begins(record.id));
  if (close.length === 0) throw noSession(`There is no session called ${name}.`, records);
  return single(close, `Several sessions begin with ${name}.`);
}

function byPlace(records: readonly SessionRecord[], cwd: string): SessionRecord {
  const here = realPath(cwd);
  const around = records.filter((record) => contains(record.local, here));
  // The innermost root; several containers may share it.
  const depth = Math.max(...around.map((record) => record.local.length));
  const innermost = around.filter((record) => record.local.length === depth);
  if (innermost.length > 0) return single(innermost, 'Several sessions have this directory.');
  if (records.length === 0) throw noSession('There is no session.', records);
  return single(records, 'There are several sessions.');
}

function single(records: readonly SessionRecord[], message: string): SessionRecord {
  const [first, ...others] = records;
  if (first !== undefined && others.length === 0) return first;
  const names = new Set(records.map((record) => record.name));
  const words = names.size === records.length ? [...names] : records.map((record) => record.id);
  throw new CaiError('USAGE', message, { next: `Name one of: ${words.join(', ')}.` });
}

function noSession(message: string, records: readonly SessionRecord[]): CaiError {
  const names = records.map((record) => record.name).join(', ');
  const next =
    names === '' ? 'Start one with `cai watch LOCAL CONTAINER:/PATH`.' : `There are: ${names}.`;
  return new CaiError('NO_SESSION', message, { next });
}

/** True when `path` is `root` or lies below it; both are real paths. */
export function contains(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

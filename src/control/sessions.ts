/**
 * The registry: one session.json a session. The pair of roots decides the id, so the same pair is
 * always the same session, with the same base and history.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CaiError } from '../errors.ts';
import type { SessionRecord } from './api.ts';
import { defaultOptions } from './defaults.ts';
import { readJson, writeJson } from './json-file.ts';
import { makeSessionDirectory, sessionDirectory, sessionsDirectory } from './state-dir.ts';

/** All that is registered; `damaged` names the directories whose record cannot be read. */
export interface Registry {
  readonly records: readonly SessionRecord[];
  readonly damaged: readonly { readonly id: string; readonly message: string }[];
}

/** Id of the session of two canonical roots: short, safe as a file name. */
export function sessionId(local: string, address: string): string {
  return createHash('sha256').update(`${local}\0${address}`).digest('hex').slice(0, 12);
}

/** All records, oldest first; those that `cai unwatch` ended too. */
export function readRegistry(): Registry {
  const records: SessionRecord[] = [];
  const damaged: { id: string; message: string }[] = [];
  for (const id of registeredIds()) {
    try {
      const record = readRecord(id);
      if (record !== undefined) records.push(record);
    } catch (error) {
      damaged.push({ id, message: (error as Error).message });
    }
  }
  records.sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
  return { records, damaged };
}

function registeredIds(): string[] {
  try {
    return readdirSync(sessionsDirectory()).filter((name) => /^[0-9a-f]{12}$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new CaiError('STATE', `Sessions cannot be listed: ${(error as Error).message}`, {
      path: sessionsDirectory(),
      next: 'Make it readable, or name another state directory with CAI_STATE_DIR.',
      cause: error,
    });
  }
}

/** Records that are still watched. */
export function liveRecords(): readonly SessionRecord[] {
  return readRegistry().records.filter((record) => record.ended === undefined);
}

/** One record; undefined when there is none. Throws STATE when it is damaged. */
export function readRecord(id: string): SessionRecord | undefined {
  const path = recordPath(id);
  try {
    const value = readJson(path);
    return value === undefined ? undefined : checkRecord(value, id);
  } catch (error) {
    throw new CaiError('STATE', `A session's record is damaged: ${(error as Error).message}`, {
      path,
      next: 'Remove that file and run the same `cai watch` again; base and history beside it stay.',
      cause: error,
    });
  }
}

/** Writes a record, and makes the session's directory when it is missing. */
export function writeRecord(record: SessionRecord): void {
  makeSessionDirectory(record.id);
  writeJson(recordPath(record.id), record);
}

function recordPath(id: string): string {
  return join(sessionDirectory(id), 'session.json');
}

function checkRecord(value: unknown, id: string): SessionRecord {
  const record = value as SessionRecord;
  const texts = [record?.id, record?.name, record?.local, record?.container];
  if (texts.some((text) => typeof text !== 'string') || record.id !== id) {
    throw new Error('id, name, local and container must be texts');
  }
  if (typeof record.created !== 'number') throw new Error('created must be a number');
  // Options that a later version added have their defaults in a record of an earlier one.
  return { ...record, options: { ...defaultOptions, ...record.options } };
}

/** A name that no other watched session has: `wanted`, or `wanted-2` and so on. */
export function freeName(wanted: string, id: string): string {
  const taken = new Set(
    liveRecords()
      .filter((r) => r.id !== id)
      .map((r) => r.name),
  );
  const base = wanted.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'session';
  let name = base;
  for (let n = 2; taken.has(name); n += 1) name = `${base}-${n}`;
  return name;
}

/** Throws USAGE when a name that a person chose cannot be used. */
export function checkName(name: string, id: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new CaiError('USAGE', `"${name}" cannot be a session's name.`, {
      next: 'Use letters, digits, dot, dash and underscore; at most 64, not starting with a dash.',
    });
  }
  const other = liveRecords().find((record) => record.name === name && record.id !== id);
  if (other !== undefined) {
    throw new CaiError('USAGE', `The name ${name} is taken by the session of ${other.local}.`, {
      next: 'Choose another --name.',
    });
  }
}

/**
 * What a session's process writes down beside the record: where its socket is (process.json), and
 * how it ended (outcome.json), so that a stopped session can still say what it knows.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorJson } from '../errors.ts';
import type { SessionRecord, SessionStatus } from './api.ts';
import { readJson, writeJson } from './json-file.ts';
import { sessionDirectory } from './state-dir.ts';

export interface ProcessInfo {
  readonly pid: number;
  readonly socket: string;
  readonly started: number;
}

export interface Outcome {
  readonly time: number;
  readonly pid: number;
  /** Absent when the session was stopped on purpose. */
  readonly error?: ErrorJson;
  /** The last status, absent when the session never came to have one. */
  readonly status?: SessionStatus;
}

type Of = Pick<SessionRecord, 'id'>;

export function readProcess(record: Of): ProcessInfo | undefined {
  const info = read(record, 'process.json') as ProcessInfo | undefined;
  return typeof info?.socket === 'string' && typeof info.pid === 'number' ? info : undefined;
}

export function writeProcess(record: Of, info: ProcessInfo): void {
  writeJson(join(sessionDirectory(record.id), 'process.json'), info);
}

export function removeProcess(record: Of): void {
  rmSync(join(sessionDirectory(record.id), 'process.json'), { force: true });
}

export function readOutcome(record: Of): Outcome | undefined {
  const outcome = read(record, 'outcome.json') as Outcome | undefined;
  return typeof outcome?.time === 'number' ? outcome : undefined;
}

export function writeOutcome(record: Of, outcome: Outcome): void {
  writeJson(join(sessionDirectory(record.id), 'outcome.json'), outcome);
}

export function removeOutcome(record: Of): void {
  rmSync(join(sessionDirectory(record.id), 'outcome.json'), { force: true });
}

/** Notes of a process help, but nothing depends on them: a damaged one counts as none. */
function read(record: Of, name: string): unknown {
  try {
    return readJson(join(sessionDirectory(record.id), name));
  } catch {
    return undefined;
  }
}

/** From what a person asked for to a session's record: roots resolved, checked, named, written down. */
import { realpathSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Address } from '../docker/address.ts';
import { formatAddress, parseAddress } from '../docker/address.ts';
import { CaiError, toCaiError } from '../errors.ts';
import type { SessionOptions, SessionRecord } from './api.ts';
import { isRunning } from './client.ts';
import { defaultOptions } from './defaults.ts';
import { checkOverlap, type Roots } from './overlap.ts';
import {
  checkName,
  freeName,
  liveRecords,
  readRecord,
  sessionId,
  writeRecord,
} from './sessions.ts';
import { stateDirectory } from './state-dir.ts';

export interface WatchRequest {
  readonly local: string;
  readonly remote: string;
  readonly name?: string | undefined;
  /** Only what was chosen; the rest comes from the session's record, else from the defaults. */
  readonly options: Partial<SessionOptions>;
  /** What relative paths are relative to. */
  readonly cwd: string;
}

export interface Prepared {
  readonly record: SessionRecord;
  /** A process has it already. */
  readonly running: boolean;
  /** It was not watched before. */
  readonly fresh: boolean;
}

/** Finds or makes the session of two roots. Throws USAGE, ROOT, OVERLAP, or BUSY when it runs with other options. */
export async function prepareSession(request: WatchRequest): Promise<Prepared> {
  const local = realRoot(request.local, request.cwd);
  const address = realAddress(parseAddress(request.remote), request.cwd);
  const id = sessionId(local, identity(address, request.options));
  const known = readRecord(id);
  if (request.name !== undefined) checkName(request.name, id);
  const others = liveRecords()
    .filter((record) => record.id !== id)
    .map(rootsOf);
  const remote = address.kind === 'local' ? address.path : request.remote;
  checkOverlap(rootsOf({ name: '', local, container: remote }), stateDirectory(), others);

  const watched = known !== undefined && known.ended === undefined ? known : undefined;
  const record: SessionRecord = {
    id,
    name: request.name ?? watched?.name ?? freeName(basename(local), id),
    local,
    container: watched?.container ?? remote,
    created: known?.created ?? Date.now(),
    options: { ...(watched?.options ?? defaultOptions), ...request.options },
  };
  if (known !== undefined && (await isRunning(known))) {
    checkSame(known, record);
    return { record: known, running: true, fresh: false };
  }
  writeRecord(record);
  return { record, running: false, fresh: watched === undefined };
}

function checkSame(running: SessionRecord, wanted: SessionRecord): void {
  const keys = Object.keys(wanted.options) as (keyof SessionOptions)[];
  const differing: string[] = keys.filter(
    (key) => JSON.stringify(running.options[key]) !== JSON.stringify(wanted.options[key]),
  );
  if (running.name !== wanted.name) differing.push('name');
  if (differing.length === 0) return;
  throw new CaiError(
    'BUSY',
    `Session ${running.name} is running with another ${differing.join(', ')}.`,
    {
      next: `Stop it first: \`cai unwatch ${running.name}\` (both sides and the history stay), then watch again.`,
    },
  );
}

function rootsOf(record: Pick<SessionRecord, 'name' | 'local' | 'container'>): Roots {
  const address = parseAddress(record.container);
  const paths = address.kind === 'local' ? [record.local, address.path] : [record.local];
  return { name: record.name, paths };
}

function realAddress(address: Address, cwd: string): Address {
  return address.kind === 'local' ? { kind: 'local', path: realRoot(address.path, cwd) } : address;
}

/** The same name means another container, or another machine, where another command talks. */
function identity(address: Address, tools: Partial<SessionOptions>): string {
  const command = toolFor(address, tools);
  if (command === undefined) return formatAddress(address);
  return `${formatAddress(address)}\0${command.join('\0')}`;
}

function toolFor(
  { kind }: Address,
  { docker, ssh, kubectl }: Partial<SessionOptions>,
): readonly string[] | undefined {
  switch (kind) {
    case 'local':
      return undefined;
    case 'container':
      return docker;
    case 'ssh':
      return ssh;
    case 'pod':
      return kubectl;
  }
}

function realRoot(path: string, cwd: string): string {
  const absolute = resolve(cwd, path);
  try {
    const real = realpathSync(absolute);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toCaiError(error, absolute);
    throw new CaiError('ROOT', `The directory ${absolute} does not exist.`, {
      path: absolute,
      next: `Make it with \`mkdir -p ${absolute}\`, or name another one.`,
    });
  }
  throw new CaiError('ROOT', `${absolute} is not a directory.`, {
    path: absolute,
    next: 'Name a directory.',
  });
}

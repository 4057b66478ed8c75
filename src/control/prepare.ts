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
  /** Only what was chosen on the command line. */
  readonly options: Partial<SessionOptions>;
  /** What files say, and the defaults; what was chosen earlier goes before them. */
  readonly defaults?: SessionOptions;
  /** The file describes the session: what was chosen earlier does not count. */
  readonly described?: boolean;
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
  const { known, record } = wantedRecord(request);
  if (known !== undefined && (await isRunning(known))) {
    checkSame(known, record);
    return { record: known, running: true, fresh: false };
  }
  writeRecord(record);
  return { record, running: false, fresh: known === undefined || known.ended !== undefined };
}

/** What prepareSession would refuse: the names of what is otherwise in a session that runs. */
export async function changedOptions(request: WatchRequest): Promise<readonly string[]> {
  const { known, record } = wantedRecord(request);
  return known !== undefined && (await isRunning(known)) ? differing(known, record) : [];
}

interface Wanted {
  readonly known: SessionRecord | undefined;
  readonly record: SessionRecord;
}

function wantedRecord(request: WatchRequest): Wanted {
  const local = realRoot(request.local, request.cwd);
  const address = realAddress(parseAddress(request.remote), request.cwd);
  const { options, defaults = defaultOptions } = request;
  const id = sessionId(local, identity(address, { ...defaults, ...options }));
  const known = readRecord(id);
  if (request.name !== undefined) checkName(request.name, id);
  const others = liveRecords()
    .filter((record) => record.id !== id)
    .map(rootsOf);
  const remote = address.kind === 'local' ? address.path : request.remote;
  const roots = rootsOf({
    name: '',
    local,
    container: remote,
    options: { ...defaults, ...options },
  });
  checkOverlap(roots, stateDirectory(), others);

  const watched = known !== undefined && known.ended === undefined ? known : undefined;
  const earlier = request.described === true ? {} : chosenEarlier(watched);
  const chosen = { ...earlier, ...options };
  const record: SessionRecord = {
    id,
    name: request.name ?? watched?.name ?? freeName(basename(local), id),
    local,
    container: watched?.container ?? remote,
    created: known?.created ?? Date.now(),
    options: { ...defaults, ...chosen },
    chosen,
  };
  return { known, record };
}

/** A record of a version that did not write them down: what is not the default was chosen. */
function chosenEarlier(record: SessionRecord | undefined): Partial<SessionOptions> {
  if (record === undefined) return {};
  if (record.chosen !== undefined) return record.chosen;
  return Object.fromEntries(
    Object.entries(record.options).filter(
      ([name, value]) => !isSame(value, defaultOptions[name as keyof SessionOptions]),
    ),
  );
}

function checkSame(running: SessionRecord, wanted: SessionRecord): void {
  const names = differing(running, wanted);
  if (names.length === 0) return;
  throw new CaiError(
    'BUSY',
    `Session ${running.name} is running with another ${names.join(', ')}.`,
    {
      next: `Stop it first: \`cai unwatch ${running.name}\` (both sides and the history stay), then watch again.`,
    },
  );
}

/** Also what only one of them has. */
function differing(running: SessionRecord, wanted: SessionRecord): readonly string[] {
  const both = { ...running.options, ...wanted.options };
  const keys = (Object.keys(both) as (keyof SessionOptions)[]).filter(
    (key) => !isSame(running.options[key], wanted.options[key]),
  );
  return running.name === wanted.name ? keys : [...keys, 'name'];
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function rootsOf({
  name,
  local,
  container,
  options,
}: Pick<SessionRecord, 'name' | 'local' | 'container' | 'options'>): Roots {
  const address = parseAddress(container);
  if (address.kind === 'local') return { name, paths: [local, address.path] };
  const place = identity({ ...address, path: '/' }, options);
  return { name, paths: [local], far: { place, path: address.path } };
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

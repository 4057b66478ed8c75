/** For the tests of this room: a replica on a new directory, and what it has told so far. */
import * as nodeFs from 'node:fs';
import { onTestFinished } from 'vitest';
import { type Row, snapshot, temporaryDirectory } from '../../test/support/tree.ts';
import type { FileEntry, Look } from '../tree/entry.ts';
import { fromBytes, type Path } from '../tree/path.ts';
import { createActivity } from './activity.ts';
import { sha256 } from './digest.ts';
import { type DiskReplicaInput, openDiskReplica } from './disk.ts';
import type { FsPort } from './fs-port.ts';
import type {
  Action,
  Observation,
  Outcome,
  Replica,
  ReplicaEvent,
  ReplicaOptions,
  ScanSummary,
} from './replica.ts';

export const testOptions: ReplicaOptions = {
  rules: { ignore: [], allow: [], gitignore: true, git: false },
  settle: 2,
  settleMax: 50,
  maxFileSize: 1024 ** 3,
  modes: 'portable',
};

export interface TestReplica {
  readonly replica: Replica;
  readonly root: string;
  /** The tree as the replica has told it. */
  readonly told: Map<Path, Look>;
  readonly events: ReplicaEvent[];
  /** Observations of all events so far, in order. */
  readonly changes: Observation[];
  scan(): Promise<ScanSummary & { readonly rows: Observation[] }>;
  applyOne(action: Action): Promise<Outcome>;
  /** Forgets the events and changes so far. */
  forget(): void;
}

/** Opens a replica where nobody wrote lately; `scan` must be called before it tells anything. */
export async function openTest(
  input: Partial<DiskReplicaInput> & { readonly seen?: false } = {},
): Promise<TestReplica> {
  const root = input.root ?? temporaryDirectory();
  const replica = await openDiskReplica({
    side: 'local',
    options: testOptions,
    activity: createActivity(Number.NEGATIVE_INFINITY),
    ...input,
    root,
  });
  onTestFinished(() => replica.close());
  const told = new Map<Path, Look>();
  const events: ReplicaEvent[] = [];
  const changes: Observation[] = [];
  replica.onEvent = (event) => {
    events.push(event);
    if (event.type !== 'changes') return;
    changes.push(...event.changes);
    for (const { path, look } of event.changes) take(told, path, look);
  };
  return {
    replica,
    root: replica.info.root,
    told,
    events,
    changes,
    scan: async () => {
      const rows: Observation[] = [];
      told.clear();
      const summary = await replica.scan({
        contents: true,
        onRows: (batch) => {
          rows.push(...batch);
          for (const { path, look } of batch) take(told, path, look);
        },
      });
      return { ...summary, rows };
    },
    applyOne: async (action) => {
      const [outcome] = await replica.apply([action]);
      if (outcome === undefined) throw new Error('no outcome');
      return outcome;
    },
    forget: () => {
      events.length = 0;
      changes.length = 0;
    },
  };
}

/** Opened and scanned. */
export async function openScanned(input: Partial<DiskReplicaInput> = {}): Promise<TestReplica> {
  const test = await openTest(input);
  await test.scan();
  return test;
}

export function take(told: Map<Path, Look>, path: Path, look: Look): void {
  if (look === null) told.delete(path);
  else told.set(path, look);
}

/** Path and what stands there, in one comparable line each, as told. */
export function toldLines(told: ReadonlyMap<Path, Look>): string[] {
  const lines: string[] = [];
  for (const [path, look] of told) {
    if (look?.kind === 'file')
      lines.push(`${path} file ${look.digest.slice(0, 12)} ${look.executable} ${look.mtime}`);
    else if (look?.kind === 'link') lines.push(`${path} link ${look.target}`);
    else if (look?.kind === 'directory') lines.push(`${path} directory`);
    else lines.push(`${path} ${look?.kind} ${look?.kind === 'blocked' ? look.why : ''}`);
  }
  return lines.sort();
}

/** The same, as an independent look at the disk finds it. */
export function diskLines(root: string, leaveOut: (path: Path) => boolean = () => false): string[] {
  return snapshot(root)
    .map((row) => ({ ...row, path: fromBytes(Buffer.from(row.path, 'latin1')) }))
    .filter((row) => !leaveOut(row.path))
    .map(lineOf)
    .sort();
}

function lineOf({ path, type, sha256, executable, target, mtime }: Row): string {
  if (type === 'file') return `${path} file ${sha256.slice(0, 12)} ${executable} ${mtime}`;
  if (type === 'link') return `${path} link ${fromBytes(Buffer.from(target, 'latin1'))}`;
  return `${path} ${type}`;
}

export function entryOf(content: string | Uint8Array, more: Partial<FileEntry> = {}): FileEntry {
  const bytes = Buffer.from(content);
  return {
    kind: 'file',
    digest: sha256(bytes),
    size: bytes.length,
    executable: false,
    mode: 0o644,
    mtime: 1_700_000_000_123,
    ...more,
  };
}

export function writeOf(
  path: Path,
  expect: string | null,
  content: string,
): Action & { type: 'write' } {
  return {
    type: 'write',
    path,
    expect: expect === null ? null : entryOf(expect),
    entry: entryOf(content),
    source: { from: 'bytes', bytes: Buffer.from(content) },
  };
}

export function removeOf(path: Path, expect: string): Action & { type: 'remove' } {
  return { type: 'remove', path, expect: entryOf(expect) };
}

export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

/** Everything in staging areas, except what belongs to the area itself. */
export function stagingFiles(root: string): string[] {
  const own = new Set(['.gitignore', 'owner', 'kept.index', 'cookies']);
  return nodeFs
    .readdirSync(root)
    .filter((name) => name.startsWith('.cai-'))
    .flatMap((area) => {
      if (!nodeFs.lstatSync(`${root}/${area}`).isDirectory()) return [area];
      return nodeFs.readdirSync(`${root}/${area}`).filter((name) => !own.has(name));
    });
}

export type FsCall = keyof FsPort;

export interface FaultyFs {
  readonly fs: FsPort;
  /** Calls so far of each kind. */
  readonly calls: Map<FsCall, number>;
  /** Makes calls fail with a code as long as the predicate says so. */
  fail: ((call: FsCall, path: string) => string | undefined) | undefined;
}

/** The real file system with calls that can be made to fail. */
export function faultyFs(): FaultyFs {
  const calls = new Map<FsCall, number>();
  const faulty: FaultyFs = { fs: { ...nodeFs }, calls, fail: undefined };
  const fs = faulty.fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of Object.keys(fs)) {
    const real = fs[name];
    if (typeof real !== 'function') continue;
    fs[name] = (...args) => {
      calls.set(name as FsCall, (calls.get(name as FsCall) ?? 0) + 1);
      const code = faulty.fail?.(
        name as FsCall,
        args
          .filter((arg) => typeof arg === 'string' || Buffer.isBuffer(arg))
          .map(String)
          .join(' '),
      );
      if (code === undefined) return real(...args);
      const error = Object.assign(new Error(`${code}: made to fail, ${name}`), { code });
      const callback = args.at(-1);
      if (typeof callback !== 'function' || name === 'watch') throw error;
      setImmediate(() => (callback as (error: Error) => void)(error));
      return undefined;
    };
  }
  return faulty;
}

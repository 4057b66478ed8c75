/**
 * Imports a directory into a data volume: scan, plan, compare with the volume, write all or nothing. Of
 * what the container wrote itself, whatever has to give way is kept beside its successor.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import type { ManifestEntry } from '../manifest.ts';
import type { NewEntry, Volume, WriteProgress, WriteResult } from '../volume.ts';
import { digestOf, load, SourceChanged } from './contents.ts';
import { type Keeping, type Kept, keepSuspects } from './keep.ts';
import { type Decision, type ImportPlan, type PlannedEntry, planImport } from './plan.ts';
import { type ImportRecord, type Recorded, readRecord, recordName, writeRecord } from './record.ts';
import { scanSource } from './scan.ts';
import { type SelectOptions, selection } from './select.ts';
import { isSameSource, type Settled, settle } from './settle.ts';
import type { SourceScan } from './source.ts';
import { type WantedPaths, wantedPaths } from './wanted.ts';

export interface CollectOptions extends Omit<SelectOptions, 'secrets'> {
  /** The source directory. */
  readonly from: string;
  /** It is the user's own home, whose links may lead anywhere. */
  readonly isHome: boolean;
  readonly entries: readonly ManifestEntry[];
  readonly additionalPaths: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** What is to be imported; nothing has been written yet. */
export interface Collected {
  readonly scan: SourceScan;
  readonly plan: ImportPlan;
  readonly wanted: WantedPaths;
  /** The exclude patterns that counted. */
  readonly patterns: readonly string[];
  readonly decisions: readonly Decision[];
}

/** Looks at the source only. Throws ROOT, PERMISSION. */
export async function collect(options: CollectOptions): Promise<Collected> {
  const { from, isHome, entries, additionalPaths, signal } = options;
  const aliases = [process.env.HOME || homedir()];
  const wanted = wantedPaths({ entries, additionalPaths, homes: [from, ...aliases] });
  const chosen = selection({ ...options, secrets: wanted.secrets });
  const scan = await scanSource({
    root: from,
    wanted: wanted.wanted,
    aliases,
    mayLeave: isHome,
    selection: chosen,
    signal,
  });
  const plan = planImport({ scan, secrets: wanted.secrets });
  const refused = wanted.refused.map(
    ({ path, why }): Decision => ({ source: path, outcome: 'skipped', reason: why }),
  );
  return {
    scan,
    plan,
    wanted,
    patterns: chosen.patterns,
    decisions: [...plan.decisions, ...refused],
  };
}

export interface DeliverOptions {
  readonly collected: Collected;
  readonly volume: Volume;
  readonly dryRun: boolean;
  /** Write only what is another than at the last import: the container's own changes stay. */
  readonly onlyChanged?: boolean;
  readonly onProgress?: ((progress: WriteProgress) => void) | undefined;
}

export interface Delivered extends WriteResult {
  /** Versions of the container that gave way, and where they are now. */
  readonly kept: readonly Kept[];
}

/** Brings the volume up to date, or says what would be done. All or nothing. */
export async function deliver(options: DeliverOptions): Promise<Delivered> {
  const { collected, volume, dryRun, onProgress } = options;
  const before = await look(volume);
  const plan = options.onlyChanged
    ? await changedOnly(collected.plan, before.record)
    : collected.plan;
  const settled = settle({
    plan,
    ...before,
    source: sourceId(collected.scan.root),
    mirrors: mirrorsOf(collected),
  });
  const keeping = await keepSuspects({ volume, settled, ...before });
  try {
    const written = new Map<string, Recorded>();
    const result = await volume.write({
      entries: newEntries({ settled, keeping, collected, record: before.record, written }),
      remove: settled.removes,
      dryRun,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const { unchanged, ...changes } = withoutRecord(result);
    return { ...changes, unchanged: unchanged + settled.asBefore, kept: keeping.kept };
  } finally {
    await keeping.drop();
  }
}

interface Before {
  readonly present: Awaited<ReturnType<Volume['list']>>;
  readonly record: ImportRecord | undefined;
}

async function look(volume: Volume): Promise<Before> {
  const present = await volume.list();
  const parts: Uint8Array[] = [];
  for await (const item of volume.read([recordName]))
    if (item.found) for await (const bytes of item.content) parts.push(bytes);
  return { present, record: readRecord(Buffer.concat(parts).toString('utf8')) };
}

function mirrorsOf({ scan }: Collected): readonly string[] {
  return scan.roots
    .filter(({ state, wanted }) => state === 'found' && wanted.flags.has('mirror'))
    .map(({ wanted }) => wanted.target);
}

/** Without the files that are what they were at the last import. */
async function changedOnly(plan: ImportPlan, record?: ImportRecord): Promise<ImportPlan> {
  const entries: PlannedEntry[] = [];
  for (const entry of plan.entries) {
    const known = record?.entries.get(entry.path);
    const same =
      entry.kind === 'file' &&
      !entry.placeholder &&
      known?.kind === 'file' &&
      (isSameSource(entry, known) || known.digest === (await digestOf(entry.content)));
    if (!same) entries.push(entry);
  }
  const planned = new Set(plan.entries.map(({ path }) => path));
  return { ...plan, entries, isGone: (path) => !planned.has(path) && plan.isGone(path) };
}

interface Writing {
  readonly settled: Settled;
  readonly keeping: Keeping;
  readonly collected: Collected;
  readonly record: ImportRecord | undefined;
  /** Filled while entries are sent. */
  readonly written: Map<string, Recorded>;
}

/** The record comes last, when the digests are known. */
async function* newEntries(writing: Writing): AsyncGenerator<NewEntry> {
  const { settled, keeping, collected, written } = writing;
  yield* keeping.entries;
  for (const entry of settled.writes) yield await newEntry(entry, written);
  const record = recordAfter(writing, collected);
  const bytes = Buffer.from(writeRecord(record));
  yield {
    kind: 'file',
    path: recordName,
    mode: 0o600,
    size: bytes.length,
    content: () => [bytes],
  };
}

async function newEntry(entry: PlannedEntry, written: Map<string, Recorded>): Promise<NewEntry> {
  const { path } = entry;
  if (entry.kind === 'link') {
    written.set(path, { kind: 'link', target: entry.target });
    return entry;
  }
  if (entry.kind === 'directory') {
    if (!entry.onlyNew) written.set(path, { kind: 'directory' });
    return entry;
  }
  const { size, content, digest } = await load(entry.content);
  const { mode, mtime, placeholder } = entry;
  const common = { kind: 'file', path, mode, size } as const;
  const sourceTime = entry.content.kind === 'source' ? { ctime: entry.content.ctime } : {};
  if (placeholder || mtime === undefined) return { ...common, content };
  return {
    ...common,
    mtime,
    content: async function* () {
      yield* content();
      written.set(path, { kind: 'file', size, mtime, digest: digest(), ...sourceTime });
    },
  };
}

/** The container is not to learn where the source stands. */
function sourceId(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 16);
}

/** What was written now, and what of earlier imports is still there. */
function recordAfter(
  { settled, record, written }: Writing,
  { scan, wanted }: Collected,
): ImportRecord {
  const removed = new Set(settled.removes);
  const before = [...(record?.entries ?? [])].filter(([path]) => !removed.has(path));
  const found = new Set(
    scan.roots.filter(({ state }) => state === 'found').map((r) => r.wanted.path),
  );
  const named = wanted.wanted.filter(
    ({ path, from }) => from === 'import.additional_paths' && found.has(path),
  );
  return {
    source: sourceId(scan.root),
    entries: new Map([...before, ...written]),
    additional: [...new Set([...(record?.additional ?? []), ...named.map(({ path }) => path)])],
  };
}

function withoutRecord(result: WriteResult): WriteResult {
  const others = (paths: readonly string[]): string[] =>
    paths.filter((path) => path !== recordName);
  return {
    ...result,
    created: others(result.created),
    updated: others(result.updated),
    attributes: others(result.attributes),
    unchanged: result.unchanged,
  };
}

/** A source that is written to all the time is tried again. */
export async function quietly<T>(attempt: () => Promise<T>, tries = 3): Promise<T> {
  for (let left = tries; ; left -= 1) {
    try {
      return await attempt();
    } catch (thrown) {
      if (left <= 1 || !(thrown instanceof SourceChanged)) throw thrown;
    }
  }
}

/** What the parts of a session share: the knowledge, the report, the store and the queues. */
import type { SessionRecord } from '../control/api.ts';
import { CaiError } from '../errors.ts';
import type { UpcallHandler } from '../link/upcalls.ts';
import type { Replica } from '../replica/replica.ts';
import type { Store } from '../store/store.ts';
import type { Path, Side } from '../tree/path.ts';
import { conflictPolicies } from '../tree/policies.ts';
import type { ConflictPolicy } from '../tree/reconcile.ts';
import { Arrivals } from './arrivals.ts';
import { type Bandwidth, createBandwidth } from './bandwidth.ts';
import { Claims } from './claims.ts';
import { Comebacks } from './comebacks.ts';
import { ConflictList } from './conflict-list.ts';
import type { Core } from './core.ts';
import { createCore } from './core.ts';
import { fetchKept } from './fetch-kept.ts';
import type { RemovalWindow } from './holds.ts';
import { createRemovalWindow } from './holds.ts';
import type { Identity } from './identity.ts';
import { Keeper } from './keeper.ts';
import type { Report } from './report.ts';
import { createReport } from './report.ts';
import { Retries } from './retries.ts';
import { createRsyncUse, type RsyncUse } from './rsync-use.ts';
import type { FileSystems, SessionInput } from './session.ts';
import { Stints } from './stints.ts';
import { remember } from './totals.ts';
import { createTurns, type Turns } from './turns.ts';

/** Milliseconds of a round trip from which on a link counts as slow. */
const slowLink = 3;
const hour = 3600_000;

export interface Engine {
  readonly record: SessionRecord;
  readonly fs: FileSystems;
  /** Answers what programs in the container ask. */
  readonly upcalls: UpcallHandler | undefined;
  readonly core: Core;
  readonly report: Report;
  readonly store: Store;
  readonly keeper: Keeper;
  readonly conflicts: ConflictList;
  readonly comebacks: Comebacks;
  readonly arrivals: Arrivals;
  readonly claims: Claims;
  readonly stints: Stints;
  readonly retries: Retries;
  readonly window: RemovalWindow;
  /** Directories whose ignore files changed; looked at anew before the next cycle. */
  readonly rescan: Set<Path>;
  /** Large contents under way: ends with the session. */
  readonly transfers: Map<Path, AbortController>;
  /** So many of them at once. */
  readonly turns: Turns;
  readonly bandwidth: Bandwidth;
  readonly rsync: RsyncUse;
  /** The link takes its time, or may not carry much: every byte that need not travel pays. */
  readonly slow: boolean;
  /** One-way modes: what the receiving side changed and keeps. */
  readonly diverged: Set<Path>;
  /** Whose base this is; unknown before the first connect. */
  identity: Identity | undefined;
  /** The state says that a merge is under way. */
  merging: boolean;
  /** Where a damaged state was moved to, once that has been told. */
  damage: string | undefined;
  /** The leftovers as they are stored. */
  leftoversStored: string;
  /** Who wins at a path, where a person has decided. */
  readonly overrides: Map<Path, Side>;
  /** The conflict policy for a path. */
  readonly policy: (path: Path) => ConflictPolicy;
  /** Runs a cycle soon. */
  schedule: () => void;
  /** The base changed: commit soon. */
  commitSoon: () => void;
}

/** A restart forgets no arrival of the last hour, and not when the last one was. */
function rememberArrivals({ totals }: Report, store: Store): void {
  const since = Date.now() - hour;
  for (const [side, of] of [
    ['local', totals.toLocal],
    ['container', totals.toContainer],
  ] as const) {
    const lately = store.arrivals({ side, since }).map(({ time }) => time);
    remember(of, lately);
    const last = of.last ?? store.lastBatch(side);
    if (last !== undefined) of.last = last;
  }
}

export function createEngine(
  { record, store, upcalls, fs = {} }: SessionInput,
  hooks: { readonly schedule: () => void; readonly commitSoon: () => void },
): Engine {
  const core = createCore(record.options);
  const stints = new Stints();
  core.atWork = (side, path) => stints.who(side, path);
  const report = createReport();
  rememberArrivals(report, store);
  const { maxAgeMs: maxAge, maxBytes } = record.options.history;
  const conflicts = new ConflictList({ store, report, maxAge });
  const keeper = new Keeper({ store, report, conflicts, maxBytes });
  store.texts.isPinned = (digest) => core.base.findDigest(digest) !== undefined;
  core.onAgreed = (digest, bytes) => {
    // Of a first sync what has room is kept; making room for the newest would be copying for nothing.
    if (report.ready || bytes.length <= store.texts.room) store.texts.add(digest, bytes);
  };
  const again = (paths: readonly Path[]) => {
    for (const path of paths) core.dirty.add(path);
    hooks.schedule();
  };
  const engine: Engine = {
    record,
    fs,
    upcalls,
    core,
    report,
    store,
    conflicts,
    comebacks: new Comebacks({ core, store, keeper, report }),
    keeper,
    arrivals: new Arrivals(),
    claims: new Claims(),
    stints,
    retries: new Retries(again),
    window: createRemovalWindow(),
    rescan: new Set(),
    transfers: new Map(),
    turns: createTurns(record.options.transfersAtOnce ?? 4),
    bandwidth: createBandwidth(record.options.bandwidth ?? 0),
    rsync: createRsyncUse(core, report),
    get slow() {
      const roundTrip = core.sides.container.replica?.info.roundTrip ?? 0;
      return roundTrip > slowLink || (record.options.bandwidth ?? 0) > 0;
    },
    diverged: new Set(),
    overrides: new Map(),
    policy: conflictPolicies(record.options.conflicts, record.options.conflictRules),
    identity: undefined,
    merging: false,
    damage: undefined,
    leftoversStored: '',
    ...hooks,
  };
  keeper.fetchLarge = (replica, kept) => fetchKept(engine, replica, kept);
  return engine;
}

/** The side's replica; LINK when there is none at the moment. */
export function replicaOf(engine: Engine, side: Side): Replica {
  const { replica } = engine.core.sides[side];
  if (replica === undefined) throw new CaiError('LINK', 'The link to the container is down.');
  return replica;
}

export function clockSkew(engine: Engine): number {
  return engine.core.sides.container.replica?.info.clockSkew ?? 0;
}

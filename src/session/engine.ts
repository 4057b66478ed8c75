/** What the parts of a session share: the knowledge, the report, the store and the queues. */
import type { SessionRecord } from '../control/api.ts';
import { CaiError } from '../errors.ts';
import type { Replica } from '../replica/replica.ts';
import type { Store } from '../store/store.ts';
import type { Path, Side } from '../tree/path.ts';
import { Arrivals } from './arrivals.ts';
import type { Core } from './core.ts';
import { createCore } from './core.ts';
import type { RemovalWindow } from './holds.ts';
import { createRemovalWindow } from './holds.ts';
import type { Identity } from './identity.ts';
import { Keeper } from './keeper.ts';
import type { Report } from './report.ts';
import { createReport } from './report.ts';
import { Retries } from './retries.ts';
import type { SessionInput } from './session.ts';

export interface Engine {
  readonly record: SessionRecord;
  readonly core: Core;
  readonly report: Report;
  readonly store: Store;
  readonly keeper: Keeper;
  readonly arrivals: Arrivals;
  readonly retries: Retries;
  readonly window: RemovalWindow;
  /** Directories whose ignore files changed; looked at anew before the next cycle. */
  readonly rescan: Set<Path>;
  /** Large contents under way: ends with the session. */
  readonly transfers: Map<Path, AbortController>;
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
  /** Runs a cycle soon. */
  schedule: () => void;
  /** The base changed: commit soon. */
  commitSoon: () => void;
}

export function createEngine(
  { record, store }: SessionInput,
  hooks: { readonly schedule: () => void; readonly commitSoon: () => void },
): Engine {
  const core = createCore(record.options);
  const report = createReport();
  const again = (paths: readonly Path[]) => {
    for (const path of paths) core.dirty.add(path);
    hooks.schedule();
  };
  return {
    record,
    core,
    report,
    store,
    keeper: new Keeper({ store, report, maxBytes: record.options.history.maxBytes }),
    arrivals: new Arrivals(),
    retries: new Retries(again),
    window: createRemovalWindow(),
    rescan: new Set(),
    transfers: new Map(),
    diverged: new Set(),
    identity: undefined,
    merging: false,
    damage: undefined,
    leftoversStored: '',
    ...hooks,
  };
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

/**
 * The heart: what to do on which side, from the base and what each side changed since (DESIGN 6.4, 7).
 * Pure; the session carries the plan out. Only paths that changed are looked at (invariant 8), and
 * nothing that a side wrote since the base gives way without a conflict that says so (invariant 1).
 */
import type { Entry, Look, ModePolicy } from './entry.ts';
import type { Path, Side } from './path.ts';
import { openChanges } from './reconcile-changes.ts';
import { decideBelow } from './reconcile-directory.ts';
import { Draft } from './reconcile-draft.ts';
import type { Tree } from './tree.ts';

export type ConflictPolicy = 'merge' | 'newest' | 'local' | 'container' | 'manual';
export type SyncMode = 'two-way' | 'to-container' | 'to-local';

export interface ReconcileInput {
  readonly base: Tree;
  /** By side: every path that is not as the base has it. A path that is missing here is as in the base. */
  readonly changes: Readonly<Record<Side, ReadonlyMap<Path, Look>>>;
  /** Only these paths (and what hangs on them) are decided; all changed ones when left out. */
  readonly paths?: Iterable<Path>;
  readonly mode: SyncMode;
  readonly modes: ModePolicy;
  /** Policy for a conflict at a path. */
  readonly policy: (path: Path) => ConflictPolicy;
  /** No base is known (first run, identity changed): conflicts go to the host, nothing is removed. */
  readonly hostLeads: boolean;
  /** The container's clock minus the host's, milliseconds; taken off its times by 'newest'. */
  readonly clockSkew: number;
  /** True for paths the container must not write; `kind` is what it has there. */
  readonly isProtected: (path: Path, kind?: Entry['kind']) => boolean;
}

/** A step on one side; where a file's content comes from is the session's business. */
export type PlannedAction =
  | {
      readonly type: 'write' | 'link' | 'mkdir';
      readonly path: Path;
      readonly expect: Entry | null;
      readonly entry: Entry;
    }
  | { readonly type: 'remove'; readonly path: Path; readonly expect: Entry }
  | {
      readonly type: 'attributes';
      readonly path: Path;
      readonly expect: Entry;
      readonly entry: Entry;
    };

/** In the order in which they have to be done: removals children first, creations parents first. */
export type PlannedActions = Readonly<Record<Side, readonly PlannedAction[]>>;

export interface PlannedConflict {
  readonly path: Path;
  readonly base: Entry | null;
  readonly local: Look;
  readonly container: Look;
  /** 'edit-remove' only at protected paths; elsewhere the edit wins, see `restored`. */
  readonly kind: 'edit-edit' | 'create-create' | 'type' | 'edit-remove';
  /** Who wins; 'open' under 'manual'; 'merge' when both and the base are files and the policy asks for a merge first. */
  readonly winner: Side | 'open' | 'merge';
  /** Who wins when the merge is not clean. */
  readonly fallback: Side;
  /** With 'open' and 'merge', for which nothing is planned: what to do once a side is chosen. */
  readonly choices?: Readonly<Record<Side, PlannedActions>>;
}

export interface Plan {
  readonly actions: PlannedActions;
  /** Paths on which both sides are found to agree already; the base takes these, parents first. */
  readonly agreed: readonly (readonly [Path, Entry | null])[];
  readonly conflicts: readonly PlannedConflict[];
  /** One-way modes: changed on the receiving side, left alone. */
  readonly diverged: readonly Path[];
  /** Changes of the container to protected paths, refused. */
  readonly refused: readonly Path[];
  /** Removed on one side but changed on the other, or needed there: the change won. */
  readonly restored: readonly Path[];
}

/** Decides what has to be done so that both sides become the same. The same input gives the same plan. */
export function reconcile(input: ReconcileInput): Plan {
  const draft = new Draft();
  const root: Entry = { kind: 'directory', mode: 0o755 };
  decideBelow(
    { input, draft },
    {
      path: '',
      base: root,
      looks: { local: root, container: root },
      node: openChanges(input),
      closed: false,
    },
  );
  return draft.finish();
}

/** Describes conflicts for people and programs. Pure. */
import type { ConflictInfo, ConflictSide } from '../control/api.ts';
import type { Look } from '../tree/entry.ts';
import type { Side } from '../tree/path.ts';
import { otherSide } from '../tree/path.ts';
import type { PlannedConflict } from '../tree/reconcile.ts';

/** A conflict that is not on the list yet. */
export type NewConflict = Omit<ConflictInfo, 'id'>;

export interface Circumstances {
  readonly settled: ConflictInfo['settled'];
  readonly newest: Side;
  /** Who made what the sides hold, where somebody said so. */
  readonly authors: Readonly<Record<Side, string | undefined>>;
  readonly now: number;
}

/** A conflict that reconcile found. */
export function describeConflict(
  { path, kind, base, local, container }: PlannedConflict,
  { settled, newest, authors, now }: Circumstances,
): NewConflict {
  const sides = {
    local: signed(sideOf(local), authors.local),
    container: signed(sideOf(container), authors.container),
  };
  return {
    path,
    kind,
    time: now,
    settled,
    ...sides,
    ...(base === null ? {} : { base: sideOf(base) }),
    newest,
    versions: { local: [], container: [] },
    summary: `${whatHappened[kind]} (local ${inWords(sides.local)}, container ${inWords(sides.container)}); ${howSettled(settled)}`,
  };
}

/** Somebody wrote on `side` just while sync put `placed` there; that went into the history. */
export function describeOverwritten(options: {
  readonly path: string;
  readonly side: Side;
  readonly written: Look;
  readonly placed: Look;
  readonly now: number;
}): NewConflict {
  const { path, side, now } = options;
  const written = sideOf(options.written);
  const placed = sideOf(options.placed);
  return {
    path,
    kind: 'overwritten',
    time: now,
    settled: otherSide(side),
    local: side === 'local' ? written : placed,
    container: side === 'container' ? written : placed,
    newest: side,
    versions: { local: [], container: [] },
    summary: `${whatHappened.overwritten} on the ${side} side (${inWords(written)}, replaced by ${inWords(placed)}); what was written is in the history`,
  };
}

const whatHappened = {
  'edit-edit': 'both sides changed it',
  'create-create': 'both sides made it',
  type: 'it became different kinds of things',
  'edit-remove': 'one side removed it, the other changed it',
  overwritten: 'it was written to just while sync replaced it',
} as const satisfies Record<ConflictInfo['kind'], string>;

function howSettled(settled: ConflictInfo['settled']): string {
  if (settled === 'open') return 'waits for you';
  if (settled === 'merged') return 'the two were merged, both are in the history';
  return `the ${settled} version was kept, the other is in the history`;
}

function sideOf(look: Look): ConflictSide {
  if (look === null) return { kind: 'nothing' };
  switch (look.kind) {
    case 'file':
      return { kind: 'file', size: look.size, digest: look.digest, mtime: look.mtime };
    case 'link':
      return { kind: 'link', target: look.target };
    default:
      return { kind: look.kind };
  }
}

function signed(side: ConflictSide, by: string | undefined): ConflictSide {
  return by === undefined ? side : { ...side, by };
}

function inWords({ kind, size, target, by }: ConflictSide): string {
  const what = kind === 'file' ? `${size} bytes` : kind === 'link' ? `link to ${target}` : kind;
  return by === undefined ? what : `${what} by ${by}`;
}

/**
 * What a session takes up from an earlier run, and when it must not: with other replicas than before,
 * or with a store that was damaged, the base is forgotten and the sides are merged (invariant 4).
 */
import type { Look } from '../tree/entry.ts';
import { type Path, parentPath, type Side } from '../tree/path.ts';
import { Tree } from '../tree/tree.ts';
import type { Core } from './core.ts';
import type { Engine } from './engine.ts';
import type { Identity } from './identity.ts';
import { identityChange } from './identity.ts';
import { showDamage, tell } from './report.ts';

const keys = {
  identity: 'identity',
  merging: 'merging',
  leftovers: 'leftovers',
  unanswered: 'unanswered',
} as const;
const sides = ['local', 'container'] as const;

/** With the replicas that were opened just now: loads the base the first time, forgets it when it speaks of others. */
export function takeUp(engine: Engine, now: Identity): void {
  const { core, store } = engine;
  const first = engine.identity === undefined;
  const isWhole = !first || loadBase(engine);
  const known = store.getValue(keys.identity);
  const isEmpty = core.base.files + core.base.directories === 0;
  // Loading may have come upon damage half way.
  if (noteDamage(engine)) forgetBase(engine);
  else if (!isWhole) startAnew(engine, 'the stored state is damaged');
  else if (known !== undefined || !isEmpty) {
    const change = identityChange(known, now);
    if (change !== undefined) startAnew(engine, change);
    else if (first) {
      loadLeftovers(core, store.getValue(keys.leftovers));
      loadUnanswered(core, store.getValue(keys.unanswered));
    }
  }
  // It speaks of how the last run ended, and of no other.
  if (first && store.getValue(keys.unanswered) !== undefined)
    store.setValue(keys.unanswered, undefined);
  engine.identity = now;
  store.setValue(keys.identity, now);
  // A merge that was cut short goes on as one: the host leads until both sides were the same once.
  if (core.base.files + core.base.directories === 0 || store.getValue(keys.merging) === true) {
    core.hostLeads = true;
    engine.merging = true;
    store.setValue(keys.merging, true);
  }
}

/** False when the rows make no tree: damage need not be such that the database notices. */
function loadBase({ core, store }: Engine): boolean {
  for (const [path, entry] of store.loadBase()) {
    const above = parentPath(path);
    if (above !== '' && core.base.get(above)?.kind !== 'directory') return false;
    core.base.set(path, entry);
  }
  return true;
}

/** Whether everything of a merge is stored that has come to its end, and that it has is not. */
export function isMergeOver({ core, merging }: Engine): boolean {
  return merging && !core.hostLeads && core.uncommitted.size === 0;
}

/** After a commit: when a merge is over, the next start needs none. */
export function endMerge(engine: Engine): void {
  if (!isMergeOver(engine)) return;
  engine.store.setValue(keys.merging, undefined);
  engine.merging = false;
}

function startAnew(engine: Engine, why: string): void {
  const message = `Starting anew because ${why}: the sides are merged, the local one leads, nothing is removed.`;
  tell(engine.report, { type: 'notice', message });
  forgetBase(engine);
}

function forgetBase({ core, store }: Engine): void {
  store.clearBase();
  core.base = new Tree();
  core.uncommitted.clear();
  core.held.clear();
  core.aged.clear();
  for (const side of sides) {
    core.sides[side].changes.clear();
    core.sides[side].looks.clear();
    core.sides[side].leftovers.clear();
    core.sides[side].unanswered.clear();
  }
  core.buffered = 0;
}

/** Says so, once, when the store was found damaged and began anew. True when that is news. */
function noteDamage(engine: Engine): boolean {
  const { condition } = engine.store;
  if (condition.state !== 'damaged' || engine.damage === condition.movedTo) return false;
  engine.damage = condition.movedTo;
  showDamage(engine.report, condition);
  return true;
}

/**
 * Damage that showed itself while the session runs: the base in memory is as true as before, so all of
 * it is stored again. True when there was any.
 */
export function storeAnew(engine: Engine): boolean {
  if (!noteDamage(engine)) return false;
  const { core, store, identity } = engine;
  store.clearBase();
  store.setValue(keys.identity, identity);
  if (engine.merging) store.setValue(keys.merging, true);
  engine.leftoversStored = '';
  core.uncommitted.clear();
  for (const [path, entry] of core.base.entries()) core.uncommitted.set(path, entry);
  return true;
}

/** Before the base that leaves these directories out: with them lost they would count as new. */
export function storeLeftovers(engine: Engine): void {
  const { core, store } = engine;
  const value = Object.fromEntries(sides.map((side) => [side, [...core.sides[side].leftovers]]));
  const text = JSON.stringify(value);
  if (text === engine.leftoversStored) return;
  store.setValue(keys.leftovers, value);
  engine.leftoversStored = text;
}

function loadLeftovers(core: Core, value: unknown): void {
  const known = (value ?? {}) as Partial<Record<Side, readonly (readonly [Path, string[]])[]>>;
  for (const side of sides)
    for (const [path, names] of known[side] ?? []) core.sides[side].leftovers.set(path, names);
}

/**
 * At the end of a run without a link: what both sides agreed on and the base could not take, since the
 * far disk could not be made durable, and what was sent there and not answered. Where the next run finds
 * just that on the far side, its base takes it; what was lost with the power there is not found.
 */
export function storeUnanswered({ core, store }: Engine): void {
  const rows = new Map(
    [...core.sides.container.unanswered].map(([path, looks]) => [path, [...looks]]),
  );
  for (const [path, entry] of core.uncommitted) rows.set(path, [...(rows.get(path) ?? []), entry]);
  if (rows.size > 0) store.setValue(keys.unanswered, [...rows]);
}

function loadUnanswered(core: Core, value: unknown): void {
  const rows = (value ?? []) as readonly (readonly [Path, Look[]])[];
  for (const [path, looks] of rows) core.sides.container.unanswered.set(path, looks);
}

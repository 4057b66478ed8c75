/**
 * Takes in what a replica tells: paths that look different from the base become changes; ignore files
 * change the rules; excluded paths leave the base and stay on both disks (invariant 6).
 */
import type { Observation } from '../replica/replica.ts';
import type { Look } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { fromBytes, isWithin, otherSide, parentPath } from '../tree/path.ts';
import { isRuleFile } from '../tree/rules.ts';
import type { Core } from './core.ts';
import { forget, hasChange, isExcluded, reviveLeftovers, setSide } from './core.ts';
import type { Report } from './report.ts';
import { addProblem, solveProblem } from './report.ts';
import { recognise } from './unanswered.ts';

/** Contents beyond this many bytes are not kept with their changes; they are read again when needed. */
const bufferLimit = 32 * 1024 * 1024;
/** New files that are remembered, to recognise moves. */
const createdRemembered = 20_000;

export interface IntakeResult {
  /** Directories whose ignore files changed: what is in them has to be looked at anew. */
  readonly ruleChanges: readonly Path[];
}

export function takeIn(
  core: Core,
  report: Report,
  side: Side,
  observations: readonly Observation[],
): IntakeResult {
  const ruleChanges: Path[] = [];
  const { unanswered } = core.sides[side];
  const since = performance.now();
  for (const observation of observations) {
    const { path, look } = observation;
    if (isRuleFile(path) && noteRuleFile(core, side, observation))
      ruleChanges.push(parentPath(path));
    if (look !== null && isExcluded(core, path, look.kind === 'directory')) continue;
    if (look === null && core.base.get(path) === null && !core.sides[side].changes.has(path))
      continue;
    if (unanswered.size > 0) recognise(core, side, path, look);
    showBlocked(report, side, path, look);
    if (look === null) core.sides[side].leftovers.delete(path);
    else reviveLeftovers(core, side, path);
    noteCreated(core, path, look);
    const wasBlocked = core.sides[side].changes.get(path)?.look?.kind === 'blocked';
    const bytes = core.buffered < bufferLimit ? observation.bytes : undefined;
    if (setSide(core, side, path, look, { since, ...(bytes === undefined ? {} : { bytes }) }))
      core.dirty.add(path);
    else if (!hasChange(core, path)) {
      // Nothing is to be carried over any more, so nothing can fail at that.
      solveProblem(report, side, path);
      solveProblem(report, otherSide(side), path);
    }
    if (wasBlocked && look?.kind !== 'blocked') wake(core, otherSide(side), path);
  }
  for (const directory of ruleChanges) forgetExcluded(core, report, directory);
  return { ruleChanges };
}

/** For telling moves from removals, when the two halves of a move are told apart. */
function noteCreated(core: Core, path: Path, look: Look): void {
  if (look?.kind !== 'file' || core.hostLeads || core.base.get(path) !== null) return;
  const { createdLately } = core;
  createdLately.delete(path);
  createdLately.set(path, { digest: look.digest, time: Date.now() });
  if (createdLately.size <= createdRemembered) return;
  for (const oldest of createdLately.keys()) {
    createdLately.delete(oldest);
    return;
  }
}

/** What one side changed there had to wait while the other one could not be looked at. */
function wake(core: Core, side: Side, path: Path): void {
  for (const changed of core.sides[side].changes.keys())
    if (isWithin(path, changed)) core.dirty.add(changed);
}

/** Reads an ignore file's text into the side's rules. True when the rules are others now. */
export function noteRuleFile(core: Core, side: Side, { path, look, bytes }: Observation): boolean {
  const { rules } = core.sides[side];
  if (look === null || look.kind !== 'file') return rules.setRuleFile(path, null);
  if (bytes === undefined) return false;
  return rules.setRuleFile(path, fromBytes(bytes));
}

function forgetExcluded(core: Core, report: Report, directory: Path): void {
  const excluded = new Set<Path>();
  for (const [path, entry] of core.base.entries(directory)) {
    if (isExcluded(core, path, entry.kind === 'directory')) excluded.add(path);
  }
  for (const side of ['local', 'container'] as const) {
    for (const [path, change] of core.sides[side].changes) {
      if (isExcluded(core, path, change.look?.kind === 'directory')) excluded.add(path);
    }
  }
  for (const path of excluded) {
    forget(core, path);
    // Whoever leaves out what cannot be carried over has seen to it.
    for (const side of ['local', 'container'] as const) solveProblem(report, side, path);
  }
}

const blockedCodes = {
  unreadable: 'PERMISSION',
  'link-outside': 'LINK_OUTSIDE',
  special: 'SPECIAL_FILE',
  'too-large': 'TOO_LARGE',
  unstable: 'UNSTABLE',
  name: 'NAME',
} as const;

function showBlocked(report: Report, side: Side, path: Path, look: Look): void {
  if (look?.kind !== 'blocked') {
    solveProblem(report, side, path);
    return;
  }
  // A socket or pipe in a project is no fault of anybody; DESIGN 8 counts it among the never-sync.
  if (look.why === 'special') return;
  addProblem(report, { side, path, code: blockedCodes[look.why], message: look.message });
}

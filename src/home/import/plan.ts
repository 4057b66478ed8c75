/**
 * From what stands in the source to what shall stand in the volume, with a decision for every path. Pure:
 * what is wanted and what was found go in, entries and decisions come out.
 */

import { agentHome } from '../../docker/agent-places.ts';
import { parentPath } from '../../tree/path.ts';
import { filterGitConfig } from '../git-filter.ts';
import type { ManifestEntry } from '../manifest.ts';
import { rewriteHomePaths } from './home-paths.ts';
import { type PlannedLink, planLinks } from './plan-links.ts';
import type { ScannedRoot, SourceFile, SourceNode, SourceScan } from './source.ts';
import { isSecretPath, type Wanted } from './wanted.ts';

export type PlannedContent =
  | {
      readonly kind: 'source';
      readonly real: string;
      readonly size: number;
      readonly ctime: number;
    }
  | { readonly kind: 'text'; readonly text: string };

export type PlannedEntry =
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly mode: number;
      /** A parent of what is wanted: made when it is missing, else left as it is. */
      readonly onlyNew?: true;
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly mtime?: number;
      readonly content: PlannedContent;
      /** Never in place of something that holds anything. */
      readonly placeholder?: true;
    }
  | PlannedLink;

export type Outcome = 'copied' | 'filtered' | 'placeholder' | 'link' | 'skipped';

export interface Decision {
  /** Below the source directory. */
  readonly source: string;
  readonly outcome: Outcome;
  /** Below the volume's root; absent when nothing of it goes there. */
  readonly target?: string;
  readonly reason?: string;
}

export interface ImportPlan {
  /** By path: parents before what is in them. */
  readonly entries: readonly PlannedEntry[];
  readonly decisions: readonly Decision[];
  /** Paths in the volume that the source has no more, when they came from it. */
  readonly isGone: (path: string) => boolean;
}

export interface PlanOptions {
  readonly scan: SourceScan;
  readonly secrets: readonly ManifestEntry[];
}

interface Draft {
  readonly entries: Map<string, PlannedEntry>;
  readonly decisions: Decision[];
  readonly links: { readonly node: Extract<SourceNode, { kind: 'link' }>; readonly path: string }[];
  /** In the volume: what was left out there. */
  readonly omitted: string[];
}

export function planImport({ scan, secrets }: PlanOptions): ImportPlan {
  const draft: Draft = { entries: new Map(), decisions: [], links: [], omitted: [] };
  for (const root of scan.roots) planRoot(root, { draft, secrets, homes: scan.homes });
  const links = planLinks(draft.links, { coverage: scan.coverage, planned: draft.entries });
  for (const { entry, decision } of links) {
    draft.decisions.push(decision);
    if (entry === undefined) draft.omitted.push(decision.target ?? decision.source);
    else draft.entries.set(entry.path, entry);
  }
  addParents(draft, scan, secrets);
  const entries = [...draft.entries.values()].sort((a, b) => compare(a.path, b.path));
  return { entries, decisions: draft.decisions, isGone: goneTest(scan.roots, draft) };
}

interface Context {
  readonly draft: Draft;
  readonly homes: readonly string[];
  readonly secrets: readonly ManifestEntry[];
}

function planRoot(root: ScannedRoot, context: Context): void {
  const { wanted } = root;
  const { path: source, target, flags, additional } = wanted;
  const missing = root.state === 'missing';
  if (root.state === 'omitted' || (missing && (flags.has('optional') || additional))) {
    if (!missing) context.draft.omitted.push(target);
    context.draft.decisions.push({ source, outcome: 'skipped', reason: root.why });
  } else if (flags.has('credential') && !additional) {
    placeholder(wanted, context, 'a credential: log in inside the container');
  } else if (root.state === 'found') {
    planNode(root.node, { ...context, wanted });
  } else if (flags.has('json-init') || (flags.has('secret') && flags.has('file'))) {
    placeholder(wanted, context, root.why);
  } else {
    context.draft.decisions.push({ source, outcome: 'skipped', reason: root.why });
  }
}

/** An empty file (`{}` where JSON is read) for the container's programs to write to. */
function placeholder(
  { path: source, target, flags }: Wanted,
  { draft }: Context,
  reason: string,
): void {
  draft.entries.set(target, {
    kind: 'file',
    path: target,
    mode: flags.has('secret') ? 0o600 : 0o644,
    content: { kind: 'text', text: flags.has('json-init') ? '{}\n' : '' },
    placeholder: true,
  });
  draft.decisions.push({ source, target, outcome: 'placeholder', reason });
}

interface NodeContext extends Context {
  readonly wanted: Wanted;
}

function planNode(node: SourceNode, context: NodeContext): void {
  const { draft, wanted } = context;
  const target = wanted.target + node.path.slice(wanted.path.length);
  const taken = draft.entries.has(target);
  if (node.kind === 'omitted' || taken) {
    draft.omitted.push(target);
    const reason =
      node.kind === 'omitted' ? node.why : 'something else has this place in the volume';
    draft.decisions.push({ source: node.path, outcome: 'skipped', reason });
    return;
  }
  if (node.kind === 'link') draft.links.push({ node, path: target });
  if (node.kind === 'file') planFile(node, target, context);
  if (node.kind !== 'directory') return;
  const mode = wanted.flags.has('secret') ? 0o700 : node.mode;
  draft.entries.set(target, { kind: 'directory', path: target, mode });
  draft.decisions.push({ source: node.path, target, outcome: 'copied', ...via(node.through) });
  for (const child of node.children) planNode(child, context);
}

function planFile(node: SourceFile, target: string, context: NodeContext): void {
  const { draft, wanted, secrets } = context;
  const secret = wanted.flags.has('secret') || isSecretPath(secrets, node.path);
  // A script that is a secret stays a script.
  const mode = secret ? 0o600 | (node.mode & 0o100) : node.mode;
  const { path: source, mtime, size, ctime, real } = node;
  const file = { kind: 'file', path: target, mode, mtime } as const;
  const filtered = filterText(node, context);
  if (filtered !== undefined) {
    draft.entries.set(target, { ...file, content: { kind: 'text', text: filtered.text } });
    draft.decisions.push({ source, target, outcome: 'filtered', reason: filtered.reason });
    return;
  }
  const empty = size === 0 && wanted.flags.has('json-init') && source === wanted.path;
  draft.entries.set(target, {
    ...file,
    content: empty ? { kind: 'text', text: '{}\n' } : { kind: 'source', real, size, ctime },
  });
  draft.decisions.push({ source, target, outcome: 'copied', ...via(node.through) });
}

interface Filtered {
  readonly text: string;
  readonly reason: string;
}

/** Undefined when it comes as it is. */
function filterText({ text }: SourceFile, { wanted, homes }: NodeContext): Filtered | undefined {
  if (text === undefined) return undefined;
  if (wanted.flags.has('git-filter')) {
    const filtered = filterGitConfig(text);
    const without = filtered.removed.join(', ');
    const reason = without === '' ? 'nothing to leave out' : `without ${without}`;
    return { text: filtered.text, reason };
  }
  const rewritten = rewriteHomePaths(text, homes);
  if (rewritten === undefined) return undefined;
  return { text: rewritten, reason: `paths now below ${agentHome}` };
}

function via(through: string | undefined): { reason?: string } {
  return through === undefined ? {} : { reason: `through a link to ${through}` };
}

/** Directories above entries. One that holds a secret is its owner's alone. */
function addParents(draft: Draft, scan: SourceScan, secrets: readonly ManifestEntry[]): void {
  const secretTargets = new Set(
    scan.roots
      .filter(({ wanted }) => wanted.flags.has('secret') && draft.entries.has(wanted.target))
      .map(({ wanted }) => parentPath(wanted.target)),
  );
  for (const { path, kind } of [...draft.entries.values()]) {
    if (kind === 'file' && isSecretPath(secrets, path)) secretTargets.add(parentPath(path));
    for (let above = parentPath(path); above !== ''; above = parentPath(above)) {
      if (draft.entries.has(above)) continue;
      const mode = scan.parentModes.get(above) ?? 0o755;
      draft.entries.set(above, { kind: 'directory', path: above, mode, onlyNew: true });
    }
  }
  for (const path of secretTargets)
    if (path !== '') draft.entries.set(path, { kind: 'directory', path, mode: 0o700 });
}

function goneTest(roots: readonly ScannedRoot[], draft: Draft): (path: string) => boolean {
  const omitted = new Set(draft.omitted);
  const byTarget = new Map(roots.map((root) => [root.wanted.target, root]));
  return (path) => {
    if (draft.entries.has(path)) return false;
    for (let at = path; at !== ''; at = parentPath(at)) {
      if (omitted.has(at)) return false;
      const root = byTarget.get(at);
      if (root !== undefined) return root.state !== 'omitted';
    }
    return false;
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

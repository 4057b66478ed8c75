/**
 * Links so that they hold inside the container: one that leads to something imported is written relative,
 * between the two places in the volume, which is right wherever the volume is mounted. Pure.
 */
import { posix } from 'node:path';
import type { Decision, PlannedEntry } from './plan.ts';
import { type Covered, type SourceLink, volumePlace } from './source.ts';

export interface PlannedLink {
  readonly kind: 'link';
  readonly path: string;
  readonly target: string;
}

export interface FoundLink {
  readonly node: SourceLink;
  /** In the volume. */
  readonly path: string;
}

export interface LinkPlan {
  /** Undefined: it does not come. */
  readonly entry: PlannedLink | undefined;
  readonly decision: Decision;
}

export interface LinkContext {
  readonly coverage: readonly Covered[];
  readonly planned: ReadonlyMap<string, PlannedEntry>;
}

export function planLinks(links: readonly FoundLink[], context: LinkContext): readonly LinkPlan[] {
  const places = new Set([...context.planned.keys(), ...links.map(({ path }) => path)]);
  return links.map(({ node, path }) => {
    const place = volumePlace(context.coverage, node.leads);
    const source = node.path;
    if (node.state === 'inside' && (place === undefined || !places.has(place)))
      return {
        entry: undefined,
        decision: {
          source,
          outcome: 'skipped',
          reason: `a link to ${node.target}, which is left out`,
        },
      };
    const { target, reason } = targetOf(node, path, place);
    return {
      entry: { kind: 'link', path, target },
      decision: {
        source,
        target: path,
        outcome: 'link',
        ...(reason === undefined ? {} : { reason }),
      },
    };
  });
}

interface Target {
  readonly target: string;
  readonly reason: string | undefined;
}

function targetOf(node: SourceLink, path: string, place: string | undefined): Target {
  if (node.state === 'outside')
    return { target: node.leads, reason: `leads out of the source, to ${node.leads}` };
  const nowhere = node.state === 'broken' ? 'leads nowhere' : undefined;
  if (place === undefined) return { target: node.target, reason: nowhere };
  const target = posix.relative(posix.dirname(path), place) || '.';
  if (nowhere !== undefined) return { target, reason: nowhere };
  const same = posix.normalize(node.target) === target;
  return {
    target: same ? node.target : target,
    reason: same ? undefined : `relinked to ${target}`,
  };
}

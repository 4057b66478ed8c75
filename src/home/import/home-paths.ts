/** Paths of the host's home directory inside a configuration, as they are in the container. Pure. */
import { agentHome } from '../../docker/agent-places.ts';

/** Undefined when there is none in it. */
export function rewriteHomePaths(text: string, homes: readonly string[]): string | undefined {
  const known = [...new Set(homes)].filter((home) => home !== '/' && home !== '');
  const longestFirst = known.sort((a, b) => b.length - a.length);
  let changed = text;
  for (const home of longestFirst) {
    const escaped = home.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    // A whole path: nothing of a path stands before it, and its last name ends with it.
    changed = changed.replace(
      new RegExp(`(?<![\\w./-])${escaped}(?![\\w.-])`, 'g'),
      () => agentHome,
    );
  }
  return changed === text ? undefined : changed;
}

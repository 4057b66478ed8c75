/**
 * Notices that something may have changed in what is imported. A notice is only a hint to look again; a
 * slow look round finds what no notice told of.
 */
import { createHash } from 'node:crypto';
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Collected } from './engine.ts';
import type { SourceNode } from './source.ts';

/** Directories to watch, each with the names that count in it; undefined for all. */
type Places = ReadonlyMap<string, ReadonlySet<string> | undefined>;

export interface SourceWatch {
  readonly directories: number;
  readonly close: () => void;
}

const settleMs = 150;
const lookRoundMs = 30_000;

export function watchSource(collected: Collected, onHint: () => void): SourceWatch {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onHint, settleMs);
  };
  const watchers: FSWatcher[] = [];
  for (const [directory, names] of placesOf(collected)) {
    try {
      const watcher = watch(directory, (_event, name) => {
        if (names === undefined || name === null || names.has(name)) soon();
      });
      watcher.on('error', soon);
      watchers.push(watcher);
    } catch {
      // Gone, or too few watches: the look round finds it.
    }
  }
  const round = setInterval(onHint, lookRoundMs);
  return {
    directories: watchers.length,
    close: () => {
      clearTimeout(timer);
      clearInterval(round);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function placesOf({ scan }: Collected): Places {
  const places = new Map<string, Set<string> | undefined>();
  const name = (path: string): void => {
    const directory = dirname(path);
    if (places.has(directory) && places.get(directory) === undefined) return;
    const names = places.get(directory) ?? new Set<string>();
    places.set(directory, names.add(path.slice(directory.length + 1)));
  };
  const all = (node: SourceNode): void => {
    if (node.kind === 'file') name(node.real);
    if (node.kind !== 'directory') return;
    places.set(node.real, undefined);
    for (const child of node.children) all(child);
  };
  for (const root of scan.roots) {
    // Its place may be taken anew, or for the first time, by a link, or together with what is above it.
    name(nearest(join(scan.root, root.wanted.path), scan.root));
    if (root.state === 'found') all(root.node);
  }
  return places;
}

/** The path itself, or the highest above it that is missing: that will appear first. */
function nearest(path: string, root: string): string {
  let at = path;
  while (at !== root && !existsSync(dirname(at))) at = dirname(at);
  return at;
}

/** The same text for the same source: changes whenever something that is imported does. */
export function fingerprint({ plan, scan }: Collected): string {
  const hash = createHash('sha256');
  const add = (node: SourceNode): void => {
    const rest = node.kind === 'directory' ? { ...node, children: [] } : node;
    hash.update(JSON.stringify(rest));
    if (node.kind === 'directory') node.children.forEach(add);
  };
  for (const root of scan.roots) {
    hash.update(`${root.wanted.path} ${root.state}`);
    if (root.state === 'found') add(root.node);
  }
  return hash.update(JSON.stringify(plan.entries.length)).digest('hex');
}

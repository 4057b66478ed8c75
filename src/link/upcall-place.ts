/**
 * Where a container's programs find the session of a directory: a unix socket whose name comes from the
 * directory's path. Agent and clients try the same places, some of which are there with a read-only root.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';

/** Sockets that may speak for a root, in the order in which they are tried; `root` is a real path. */
export function upcallSockets(root: string): readonly string[] {
  // A helper container sees the target's files below /proc/PID/root; the target's programs do not.
  const [, above = '', path = root] = /^(\/proc\/\d+\/root)(\/.*)$/s.exec(root) ?? [];
  const name = `${createHash('sha256').update(path).digest('hex').slice(0, 16)}.sock`;
  const own = `.cai-${process.getuid?.() ?? 0}`;
  const directories = ['/run/cai', `/tmp/${own}`, `/dev/shm/${own}`];
  return directories.map((directory) => `${above}${directory}/${name}`);
}

/** The same for a directory that may lie anywhere inside a root: the nearest root comes first. */
export function upcallSocketsAbove(directory: string): readonly string[] {
  const found: string[] = [];
  for (let at = realpathSync(directory); ; at = dirname(at)) {
    found.push(...upcallSockets(at));
    if (dirname(at) === at) return found;
  }
}

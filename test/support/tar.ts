/** Trees as tar archives, the way they get into containers. */
import { spawnSync } from 'node:child_process';

/** What is in a directory (not the directory itself), with times to the nanosecond and names of any bytes. */
export function tarOf(dir: string): Buffer {
  const command = 'find . -mindepth 1 -print0 | tar --format=pax --no-recursion --null -T - -cf -';
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: dir,
    maxBuffer: 1024 ** 3,
  });
  if (status !== 0) throw new Error(`tar of ${dir} failed: ${String(stderr)}`);
  return stdout;
}

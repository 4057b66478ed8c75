/** A file system of few bytes, so that it can be full. */
import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './tree.ts';

/** Where it is mounted, until the test ends; needs 'mount'. `bytes`: whole pages. */
export function smallDisk(bytes: number): string {
  const at = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', at]);
  onTestFinished(() => {
    execFileSync('umount', [at]);
  });
  return at;
}

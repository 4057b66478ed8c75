/**
 * The surroundings of every rsync that is started: none of its user's settings (RSYNC_*, ~/.popt) change
 * what it does, its messages are in English, and it ends together with its helpers.
 */
import type { ChildProcess } from 'node:child_process';

export const program = 'rsync';

export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return { ...(PATH === undefined ? {} : { PATH }), LC_ALL: 'C', HOME: '/nonexistent', ...more };
}

/** Ends a process that was started as the leader of a group, and all that it started. */
export function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

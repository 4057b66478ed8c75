/** Names under which something is made before it gets its own, and the removal of those of runs that were killed. */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const draft = /^\.cai-sync-(\d+)-[0-9a-f-]{36}$/;

export function draftName(): string {
  return `.cai-sync-${process.pid}-${randomUUID()}`;
}

/** Leaves alone what a run makes that is still there. */
export function dropDrafts(directory: string): void {
  for (const name of namesIn(directory)) {
    const pid = draft.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(directory, name), { force: true });
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // It is about to be made.
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

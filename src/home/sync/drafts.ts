/** Names under which something is made before it gets its own, and the removal of those of runs that were killed. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const draft = /^\.cai-sync-(\d+)-(\d+)-[0-9a-f-]{36}$/;

export function draftName(): string {
  return `.cai-sync-${process.pid}-${startOf(process.pid) ?? 0}-${randomUUID()}`;
}

/** Leaves alone what a run makes that is still there. */
export function dropDrafts(directory: string): void {
  for (const name of namesIn(directory)) {
    const [, pid, start] = draft.exec(name) ?? [];
    if (pid !== undefined && startOf(Number(pid)) !== start)
      rmSync(join(directory, name), { force: true });
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

/**
 * When a process began, as the kernel counts; undefined when there is none. A number alone says little: a restarted
 * container gives it again, and in one without an init the dead keep theirs.
 */
function startOf(pid: number): string | undefined {
  try {
    const [state, ...fields] = afterName(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

/** The name of the program, in brackets, may hold anything. */
function afterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/**
 * Which test run owns which containers and volumes: each carries the label cai-test=RUN, and RUN
 * names the process, so that what a dead run left is found without touching that of a live one.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const runLabel = 'cai-test';

/** This process as PID-START; the start time tells it from a later process with the same PID. */
export function runId(): string {
  return `${process.pid}-${startOf(process.pid)}`;
}

/** Removes containers and volumes of runs whose process is gone. */
export function sweepDeadRuns(): void {
  const labels = [...list('container'), ...list('volume')].map(({ run }) => run);
  for (const run of new Set(labels)) if (!isAlive(run)) removeOfRun(run);
}

/** Removes all containers and volumes of a run. */
export function removeOfRun(run: string): void {
  const containers = list('container').filter((item) => item.run === run);
  if (containers.length > 0) docker(['rm', '-f', '-v', ...containers.map(({ id }) => id)]);
  const volumes = list('volume').filter((item) => item.run === run);
  if (volumes.length > 0) docker(['volume', 'rm', '-f', ...volumes.map(({ id }) => id)]);
}

function list(kind: 'container' | 'volume'): { id: string; run: string }[] {
  const id = kind === 'container' ? '{{.ID}}' : '{{.Name}}';
  const args = kind === 'container' ? ['ps', '-a'] : ['volume', 'ls'];
  const output = docker([
    ...args,
    '--filter',
    `label=${runLabel}`,
    '--format',
    `${id} {{.Label "${runLabel}"}}`,
  ]);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ id: line.split(' ')[0] as string, run: line.split(' ')[1] ?? '' }));
}

function docker(args: readonly string[]): string {
  return spawnSync('docker', args, { encoding: 'utf8', timeout: 60_000 }).stdout ?? '';
}

function isAlive(run: string): boolean {
  const [pid, start] = run.split('-');
  return startOf(Number(pid)) === start;
}

/** Start time of a process in clock ticks since boot; '' when there is no such process. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in brackets, may hold blanks; the start is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return process.platform === 'linux' || !signalable(pid) ? '' : '0';
  }
}

function signalable(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

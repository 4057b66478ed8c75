/** Whether the workspace container does what it is there for; for docker's health check. */
import { greets } from '../rsync/daemon.ts';
import { checkWritable, type GuestPlaces, mcpPort } from './guest.ts';

const deadlineMs = 3000;

/** What is wrong; empty when all is well. */
export async function healthFaults(places: GuestPlaces): Promise<readonly string[]> {
  const checks: readonly (readonly [string, () => unknown])[] = [
    ['workspace', () => checkWritable(places.workspace)],
    ['rsyncd', () => isRsync(places.rsyncPort)],
    ['mcp', () => isServing(mcpPort)],
  ];
  const faults = await Promise.all(checks.map(async ([name, check]) => fault(name, check)));
  return faults.filter((text) => text !== undefined);
}

async function fault(name: string, check: () => unknown): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}

async function isRsync(port: number): Promise<void> {
  if (!(await greets('127.0.0.1', port))) throw new Error('does not answer');
}

async function isServing(port: number): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  const { ok, status } = await fetch(`http://127.0.0.1:${port}/health`, { signal });
  if (!ok) throw new Error(`answers with ${status}`);
}

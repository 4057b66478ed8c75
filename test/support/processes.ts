/** Processes of a session, found through /proc: the engine's client that carries the link, and the agent. */
import { readFileSync } from 'node:fs';
import type { Container } from './container.ts';

/** The `docker exec` that carries a session's link; needs Linux. Undefined while there is none. */
export function linkClient(sessionPid: number): number | undefined {
  const found = children(sessionPid).filter((pid) => commandLine(pid).includes('exec'));
  return found[0];
}

export function children(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  return text.split(' ').filter(Boolean).map(Number);
}

function commandLine(pid: number): string[] {
  return read(`/proc/${pid}/cmdline`).split('\0');
}

/** Bytes that a process has read and written so far, through pipes and sockets too. */
export function bytesMoved(pid: number): number {
  const io = read(`/proc/${pid}/io`);
  const number = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1]);
  return number('rchar') + number('wchar');
}

/** The most memory that a process ever had, in MiB. */
export function peakMemory(pid: number): number {
  return peakOf(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** The same of a container's agent. */
export async function agentPeakMemory(container: Container): Promise<number> {
  const pid = await agentPid(container);
  return peakOf((await container.exec(['cat', `/proc/${pid}/status`])).stdout);
}

/** Process id of the agent, as the container counts; fails when there is none. */
export async function agentPid(container: Container): Promise<number> {
  const { stdout } = await container.exec(['pgrep', '-x', '-o', 'node']);
  return Number(stdout);
}

function peakOf(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Child processes of a bench, and what /proc tells of any process. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { runCommand } from '../src/cli/demo-command.ts';

/** First line that `COMMAND ARGS` prints, or undefined when it cannot be run. */
export async function versionOf(
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  const { ok, stdout } = await runCommand(command, args, { timeoutMs: 10_000 });
  return ok ? stdout.toString().split('\n')[0]?.trim() : undefined;
}

/** Runs a command that must work. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const { ok, stdout, stderr } = await runCommand(command, args, { timeoutMs: 10 * 60_000 });
  if (!ok) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  return stdout.toString();
}

/** Starts a process that goes on until `end` is called. */
export function background(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly end: () => Promise<void> } {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  const exit = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    child,
    end: () => {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
      return exit.finally(() => clearTimeout(hard));
    },
  };
}

/** CPU time and resident memory of a process (Linux). */
export function costOf(pid: number): { cpuMs: number; rssBytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  // Fields 14 and 15 of stat(5), in ticks of 10 ms on every Linux there is.
  const cpuMs = (Number(fields[11]) + Number(fields[12])) * 10;
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return { cpuMs, rssBytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024 };
}

/** Bytes that a process has written so far, to files, sockets and pipes alike. */
export function writtenBy(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]);
}

/** Processes whose parent is `pid`, with their command lines. */
export function childrenOf(pid: number): { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1').replace(/^.*\) /s, '');
        if (Number(stat.split(' ')[1]) !== pid) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), command }];
      } catch {
        return [];
      }
    });
}

/** Runs a command to its end: argument arrays only, with a deadline, and it answers instead of throwing. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface CommandOptions {
  readonly cwd?: string;
  /** Milliseconds; default 60,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly input?: AsyncIterable<Uint8Array>;
}

export interface CommandResult {
  readonly ok: boolean;
  readonly stdout: Buffer;
  /** Its last words, or why it could not be run. */
  readonly stderr: string;
}

/** Runs `command` with `args`. A git that somebody runs this from must not lead ours astray. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, timeoutMs = 60_000, signal, input }: CommandOptions = {},
): Promise<CommandResult> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')),
  );
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env,
      timeout: timeoutMs,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    });
    const out: Buffer[] = [];
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
    child.on('error', (error) =>
      resolve({ ok: false, stdout: Buffer.alloc(0), stderr: error.message }),
    );
    child.on('close', (code) =>
      resolve({ ok: code === 0, stdout: Buffer.concat(out), stderr: said.trim() }),
    );
    // A command that ends without reading its input is judged by its exit code.
    if (input !== undefined && child.stdin !== null)
      pipeline(Readable.from(input), child.stdin).catch(() => {});
  });
}

/** The first line of what a command printed. */
export function firstLine(result: CommandResult): string {
  return result.stdout.toString().split('\n')[0]?.trim() ?? '';
}

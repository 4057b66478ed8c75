/** `cai telegram` as a process of its own, with the stand-ins for Telegram and the model. */
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { builtCli } from './built.ts';
import type { Cai } from './cai.ts';
import type { ModelServer } from './model.ts';
import type { Telegram } from './telegram.ts';
import { botToken } from './telegram.ts';
import { waitFor } from './wait.ts';

export interface RunningBot {
  readonly ready: {
    readonly users: readonly number[];
    readonly pairing: { readonly code: string; readonly url: string } | null;
    readonly port: number | null;
  };
  readonly pid: number;
  /** All that it said. */
  output(): string;
  /** Asks it to end, and waits. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface BotStart {
  readonly cai: Cai;
  readonly telegram: Telegram;
  readonly args?: readonly string[];
  readonly model?: ModelServer;
  /** The container in which it runs; it must be on the host's network and have the program at /cai. */
  readonly inside?: string;
}

export const modelKey = 'sk-test-key-0123456789';

export async function startBot({
  cai,
  telegram,
  args = [],
  model,
  inside,
}: BotStart): Promise<RunningBot> {
  const { ANTHROPIC_API_KEY: _, ...environment } = process.env;
  const secrets = {
    CAI_TELEGRAM_TOKEN: botToken,
    ...(model === undefined ? {} : { ANTHROPIC_API_KEY: modelKey, ANTHROPIC_BASE_URL: model.url }),
  };
  // Names only: values would stand in the process list.
  const names = Object.keys(secrets).flatMap((name) => ['-e', name]);
  const [program, ...before] =
    inside === undefined
      ? [process.execPath, builtCli()]
      : ['docker', 'exec', ...names, inside, 'node', '/cai/cai.js'];
  const command = ['telegram', ...args, '--api-root', telegram.url, '--json'];
  const child = spawn(program as string, [...before, ...command], {
    env: { ...environment, CAI_STATE_DIR: cai.stateDirectory, ...secrets },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output += String(chunk);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return ended;
  };
  onTestFinished(async () => {
    await stop('SIGKILL');
  });
  const ready = await waitFor(() => JSON.parse(stdout) as RunningBot['ready'], {
    what: 'the bot',
    deadline: 30_000,
  }).catch((error: unknown) => {
    throw new Error(output, { cause: error });
  });
  return { ready, pid: child.pid as number, output: () => output, stop };
}

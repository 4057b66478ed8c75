/** For tests: the bot in this process, against the stand-ins, over a directory with or without a session. */
import { onTestFinished } from 'vitest';
import type { Telegram } from '../../test/support/telegram.ts';
import { botToken, startTelegram } from '../../test/support/telegram.ts';
import type { Made } from '../../test/support/tree.ts';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { useState } from '../control/test-state.ts';
import { noSession } from '../mcp/no-session.ts';
import type { SessionPort } from '../mcp/port.ts';
import { openWorkspace } from '../mcp/workspace.ts';
import type { Ready, RunInput } from './run.ts';
import { runBot } from './run.ts';

/** Short waits, and long enough in all for a slow machine. */
export const quick = { firstMs: 20, mostMs: 200, untilMs: 60_000 };

export interface UseBot
  extends Partial<Omit<RunInput, 'workspace' | 'signal' | 'say' | 'onReady'>> {
  readonly spec?: Readonly<Record<string, Made>>;
  readonly root?: string;
  readonly port?: SessionPort;
  readonly telegram?: Telegram;
  readonly allowExec?: boolean;
}

export interface UsedBot {
  readonly telegram: Telegram;
  readonly root: string;
  readonly ready: Ready;
  /** What the host's log got. */
  readonly said: readonly string[];
  /** Settles as the bot ends. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** A state directory for the bots of one test; call it once, before useBot. */
export function useBotState(): void {
  useState();
}

export async function useBot(given: UseBot = {}): Promise<UsedBot> {
  const {
    spec = {},
    root = temporaryDirectory(),
    port = noSession(),
    allowExec = false,
    ...rest
  } = given;
  makeTree(root, spec);
  const telegram = given.telegram ?? (await startTelegram());
  const workspace = openWorkspace({ root, port, allowExec });
  const life = new AbortController();
  const said: string[] = [];
  let ready: Ready | undefined;
  const ended = runBot({
    token: botToken,
    users: [7],
    pair: false,
    patience: quick,
    pushTimes: { settleMs: 50, graceMs: 200 },
    ...rest,
    apiRoot: telegram.url,
    workspace,
    signal: life.signal,
    say: (line) => said.push(line),
    onReady: (value) => {
      ready = value;
    },
  });
  ended.catch(() => undefined);
  const stop = async () => {
    life.abort();
    await ended.catch(() => undefined);
  };
  onTestFinished(async () => {
    await stop();
    workspace.close();
  });
  const failed = ended.then(() => {
    throw new Error('The bot ended.');
  });
  failed.catch(() => undefined);
  const isReady = waitFor(() => ready, { what: 'the bot', deadline: 15_000 });
  return { telegram, root, ready: await Promise.race([isReady, failed]), said, ended, stop };
}

/** A session that is a process of its own, as a person runs it, so that it can be killed. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { FlushResult, SessionEvent, SessionStatus } from '../../src/control/api.ts';
import { openStore } from '../../src/store/open.ts';
import { type Cai, newCai } from '../support/cai.ts';
import { waitFor } from '../support/wait.ts';
import { contentsInHistory } from './oracle.ts';

export interface SessionProcess {
  readonly cai: Cai;
  /** Starts it when it does not run; resolves when both sides were the same once. */
  start(): Promise<SessionStatus>;
  status(): Promise<SessionStatus>;
  pid(): Promise<number>;
  /** Ends the process as a crash would. */
  kill(): Promise<void>;
  /** Waits until everything is on both sides and no problem is left. */
  settle(): Promise<void>;
  /** Ends the session as a person would. */
  stop(): Promise<void>;
  events(): Promise<SessionEvent[]>;
  /** Contents of the history; the session must be stopped. */
  history(): Set<string>;
  /** Ends it whatever it does, and removes what it remembers. */
  clear(): Promise<void>;
}

export interface ProcessInput {
  readonly local: string;
  readonly remote: string;
  /** The docker command, where it is not docker. */
  readonly docker?: readonly string[];
  /** Further lines of the session's table in containai.toml. */
  readonly options?: readonly string[];
}

export function sessionProcess({
  local,
  remote,
  docker,
  options = [],
}: ProcessInput): SessionProcess {
  const cai = newCai();
  writeFileSync(
    join(cai.stateDirectory, 'containai.toml'),
    [
      '[sync.torture]',
      `local = ${JSON.stringify(local)}`,
      `remote = ${JSON.stringify(remote)}`,
      ...(docker === undefined ? [] : [`docker = ${JSON.stringify(docker)}`]),
      // Random histories remove whatever they meet; nobody is there to be asked.
      'holds = { files = 1000000000, share = 1.0 }',
      ...options,
      '',
    ].join('\n'),
  );
  const status = async (): Promise<SessionStatus> => {
    const { stdout } = await cai.run(['status', 'torture', '--json']);
    return JSON.parse(stdout) as SessionStatus;
  };
  const pid = async (): Promise<number> => {
    const found = (await status()).pid;
    if (found === undefined) throw new Error('the session does not run');
    return found;
  };
  return {
    cai,
    start: () => cai.json<SessionStatus>(['watch', '-d'], { cwd: cai.stateDirectory }),
    status,
    pid,
    async kill() {
      const victim = await pid();
      process.kill(victim, 'SIGKILL');
      await waitFor(() => !isAlive(victim), { what: 'the end of a killed process' });
    },
    settle: () => settle(cai),
    async stop() {
      const { code, stderr } = await cai.run(['unwatch', 'torture']);
      if (code !== 0) throw new Error(`cai unwatch ended with ${code}: ${stderr}`);
    },
    async events() {
      const { stdout } = await cai.run(['logs', 'torture', '--json']);
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as SessionEvent);
    },
    history: () => historyOf(cai),
    async clear() {
      await cai.run(['unwatch', '--all']);
      rmSync(cai.stateDirectory, { recursive: true, force: true });
    },
  };
}

async function settle(cai: Cai): Promise<void> {
  await waitFor(
    async () => {
      const { code, stdout, stderr } = await cai.run(['flush', 'torture', '--json']);
      if (code === 0) return true;
      const left = JSON.parse(stdout === '' ? '{}' : stdout) as Partial<FlushResult>;
      throw new Error(`cai flush: ${code} ${JSON.stringify(left)} ${stderr}`);
    },
    { what: 'quiet without problems', deadline: 90_000, every: 200 },
  );
}

function historyOf(cai: Cai): Set<string> {
  const sessions = join(cai.stateDirectory, 'sessions');
  const [id, ...others] = readdirSync(sessions);
  expect(others).toEqual([]);
  const limits = { maxAge: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
  const store = openStore({ directory: join(sessions, String(id)), limits, readOnly: true });
  try {
    return contentsInHistory(store);
  } finally {
    store.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

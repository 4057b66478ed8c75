/** Several sessions of one local directory in the background: one process, as long as they look alike. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type Cai, newCai } from '../../test/support/cai.ts';
import { endSessionsOf } from '../../test/support/session.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { SessionStatus } from '../control/api.ts';

interface Place {
  readonly cai: Cai;
  readonly local: string;
  /** Starts a session with a new directory NAME. */
  start(name: string, ...args: string[]): Promise<SessionStatus & { readonly far: string }>;
}

function newPlace(): Place {
  const top = temporaryDirectory();
  const local = join(top, 'local');
  mkdirSync(local);
  const cai = newCai();
  endSessionsOf(cai);
  return {
    cai,
    local,
    async start(name, ...args) {
      const far = join(top, name);
      mkdirSync(far, { recursive: true });
      const command = ['watch', local, far, '-d', '--name', name, ...args];
      return { ...(await cai.json<SessionStatus>(command)), far };
    },
  };
}

const holds = (path: string, text: string) =>
  waitFor(() => existsSync(path) && readFileSync(path, 'utf8') === text);

test('they share a process; an edit in one reaches the others; each ends by itself', async () => {
  const { cai, local, start } = newPlace();
  writeFileSync(join(local, 'x'), '1');
  const [one, two, three] = [await start('one'), await start('two'), await start('three')];
  expect(new Set([one.pid, two.pid, three.pid]).size).toBe(1);
  writeFileSync(join(one.far, 'x'), 'from one');
  for (const { far } of [two, three]) await holds(join(far, 'x'), 'from one');
  // The one that the process was started for goes; the others stay, and take in the next.
  await cai.json(['unwatch', 'one']);
  writeFileSync(join(local, 'x'), 'without one');
  for (const { far } of [two, three]) await holds(join(far, 'x'), 'without one');
  expect(readFileSync(join(one.far, 'x'), 'utf8')).toBe('from one');
  expect((await start('one')).pid).toBe(two.pid);
  await holds(join(one.far, 'x'), 'without one');
  const missing = await cai.run(['watch', local, join(local, '../none'), '-d', '--name', 'none']);
  expect(missing.code).toBe(4);
  expect((await cai.run(['status'])).code).toBe(0);

  process.kill(two.pid as number, 'SIGKILL');
  await waitFor(async () => (await cai.run(['status'])).stdout.includes('stopped'));
  expect((await start('two')).pid).not.toBe(two.pid);
  expect((await start('one')).state).toBe('watching');
});

test('another look at the files, or another environment, has a process of its own', async () => {
  const { cai, start } = newPlace();
  const one = await start('one');
  const rules = await start('rules', '--no-gitignore');
  vi.stubEnv('DOCKER_HOST', 'ssh://elsewhere');
  const elsewhere = await start('elsewhere');
  vi.unstubAllEnvs();
  expect(new Set([one.pid, rules.pid, elsewhere.pid]).size).toBe(3);
  writeFileSync(join(one.far, 'x'), '1');
  for (const { far } of [rules, elsewhere]) await holds(join(far, 'x'), '1');
  expect((await cai.run(['status'])).code).toBe(0);
});

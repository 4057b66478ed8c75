import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { random } from '../../test/support/random.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { CaiError } from '../errors.ts';
import { openStore } from './open.ts';
import { file, limits } from './store.fixture.ts';
import type { Store } from './store.ts';

const built = mkdtempSync(join(tmpdir(), 'cai-crash-'));
const script = join(built, 'crash.mjs');
const env = {
  ...process.env,
  NODE_PATH: fileURLToPath(new URL('../../node_modules', import.meta.url)),
};

beforeAll(async () => {
  const input = fileURLToPath(new URL('crash.fixture.ts', import.meta.url));
  const bundle = await rolldown({ input, platform: 'node' });
  await bundle.write({ file: script, format: 'esm' });
});

afterAll(() => rmSync(built, { recursive: true, force: true }));

function start(directory: string): ChildProcess {
  return spawn(process.execPath, [script, directory], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Kills the process some time after it has printed `lines` lines; the number on the last of them. */
async function killAfter(child: ChildProcess, lines: number, ms: number): Promise<number> {
  let output = '';
  let errors = '';
  let aimed = false;
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdout?.on('data', (chunk) => {
    output += chunk;
    if (aimed || output.split('\n').length <= lines) return;
    aimed = true;
    setTimeout(() => child.kill('SIGKILL'), ms);
  });
  const [, signal] = await once(child, 'close');
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself: ${errors}`);
  expect(errors).toBe('');
  return Number(output.trim().split('\n').at(-1));
}

/** Every commit is there as a whole or not at all, and rows and contents agree. */
function check(store: Store, printed: number): void {
  const base = [...store.loadBase()].map(([, entry]) =>
    entry.kind === 'file' ? entry.digest : '',
  );
  const n = store.events().at(-1)?.data.n as number;
  expect(n).toBeGreaterThanOrEqual(printed);
  expect(n).toBeLessThanOrEqual(printed + 1);
  expect(new Set(base)).toEqual(new Set([file(`${n}`).digest]));
  expect(base).toHaveLength(300);
  const versions = store.history();
  expect(versions[0]?.entry).toMatchObject({ digest: file(`content ${n}`).digest });
  for (const { entry, kept } of versions) {
    expect(kept).toBe(true);
    expect(entry.kind === 'file' && store.contents.read(entry.digest)).toBeTruthy();
  }
}

test('a process that is killed at any time leaves whole commits, for readers and the next writer', async () => {
  const directory = join(temporaryDirectory(), 'session');
  const chance = random();
  for (let round = 0; round < 6; round += 1) {
    const printed = await killAfter(start(directory), 1 + chance.below(8), chance.below(15));
    const told = `seed ${chance.seed}, round ${round}`;
    const reader = openStore({ directory, limits, readOnly: true });
    check(reader, printed);
    reader.close();
    const writer = openStore({ directory, limits });
    expect(writer.condition, told).toEqual({ state: 'good' });
    check(writer, printed);
    writer.setValue('last', writer.events().at(-1)?.data.n);
    writer.close();
  }
});

test('while a process has the store, another is refused; when it is killed, the next gets it', async () => {
  const directory = join(temporaryDirectory(), 'session');
  const child = start(directory);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  expect(thrownBy(() => openStore({ directory, limits }))).toMatchObject({ code: 'BUSY' });
  const second = spawnSync(process.execPath, [script, directory], { env, encoding: 'utf8' });
  expect(second.stderr).toContain('in use by another cai process');
  const reader = openStore({ directory, limits, readOnly: true });
  expect([...reader.loadBase()]).toHaveLength(300);
  child.kill('SIGKILL');
  await once(child, 'close');
  reader.close();
  openStore({ directory, limits }).close();
});

function thrownBy(work: () => unknown): CaiError {
  try {
    work();
  } catch (thrown) {
    return thrown as CaiError;
  }
  throw new Error('nothing was thrown');
}

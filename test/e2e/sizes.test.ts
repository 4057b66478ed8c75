/** Files of no bytes and of 2 GiB. What is large is streamed: memory on both ends stays bounded. */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { agentPeakMemory, peakMemory } from '../support/processes.ts';
import { type Watched, watch } from '../support/session.ts';

const gib = 1024 ** 3;
/** The bounds of the project's own goals, in MiB, with nothing added for large files. */
const hostLimit = 150;
const agentLimit = 120;

describeNeeding(['docker', 'linux'], 'sizes', () => {
  test('an empty file, a file of one byte, and all around the sizes where the way changes', async () => {
    const session = await watch(await startContainer());
    const sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 1_048_577];
    session.put(Object.fromEntries(sizes.map((size) => [`near-${size}`, Buffer.alloc(size, 'n')])));
    await session.far(
      `for n in ${sizes.join(' ')}; do head -c $n /dev/zero > far-$n; done; : > near-1; echo x >> near-0`,
    );
    const rows = await session.same();
    expect(rows).toHaveLength(2 * sizes.length);
  });

  test('2 GiB and a little into the container; what is written meanwhile goes past it', {
    timeout: 280_000,
  }, async () => {
    const container = await startContainer();
    const session = await watch(container);
    const file = join(session.local, 'image.raw');
    const size = 2 * gib + 12_345;
    writeSparse(file, size);
    session.put({ small: 'goes past it' });
    await session.until('the small file', ({ files }) => files >= 1, 60_000);
    await flushLarge(session);
    expect(await session.far('stat -c %s image.raw; cat small')).toBe(`${size}\ngoes past it`);
    expect(await sumFar(session)).toBe(sumNear(file));
    await expectSmallProcesses(session);
  });

  test('a hundred MiB out of the container, and one byte in them changed', {
    timeout: 180_000,
  }, async () => {
    const container = await startContainer();
    const session = await watch(container);
    const file = join(session.local, 'image.raw');
    await session.far('head -c 120000000 /dev/zero | tr "\\0" x > image.raw');
    await flushLarge(session);
    expect(sumNear(file)).toBe(await sumFar(session));
    await session.far('printf y | dd of=image.raw conv=notrunc bs=1 seek=100000000 2>&1');
    await flushLarge(session);
    expect(sumNear(file)).toBe(await sumFar(session));
    await expectSmallProcesses(session);
  });
});

async function flushLarge(session: Watched): Promise<void> {
  await session.cai.json(['flush', session.name, '--timeout', '240'], { seconds: 250 });
}

async function expectSmallProcesses({ status, container }: Watched): Promise<void> {
  const { pid } = await status();
  expect(peakMemory(pid as number)).toBeLessThan(hostLimit);
  expect(await agentPeakMemory(container)).toBeLessThan(agentLimit);
}

/** Mostly holes, with a pattern at places, so that a chunk that is missing or misplaced shows. */
function writeSparse(path: string, size: number): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, size);
  for (let at = 0; at < size; at += 64 * 1024 * 1024 - 777) writeSync(file, `at ${at};`, at);
  closeSync(file);
}

function sumNear(path: string): string {
  return String(spawnSync('sha256sum', [path], { encoding: 'utf8' }).stdout).split(' ')[0] ?? '';
}

async function sumFar({ far }: Watched): Promise<string> {
  return (await far('sha256sum image.raw')).split(' ')[0] ?? '';
}

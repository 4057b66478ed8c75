/** Content that the other side already has is not sent: moves, copies. Measured on the link's own process. */
import { cpSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { bytesMoved, linkClient } from '../support/processes.ts';
import { type Watched, watch } from '../support/session.ts';

const files = 400;
const size = 20_000;
const large = 6_000_000;
const content = files * size + large;
/** Names, digests and times of all files, with the acknowledgements: far below the contents. */
const overhead = content / 10;

describeNeeding(['docker', 'linux'], 'moves and copies', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  async function prepared(): Promise<Watched> {
    const session = await watch(container);
    const spec = Object.fromEntries(
      Array.from({ length: files }, (_, n) => [
        `pkg/d${n % 10}/f${n}`,
        Buffer.alloc(size, `file ${n};`),
      ]),
    );
    session.put({ ...spec, 'pkg/large.bin': Buffer.alloc(large, 'large'), other: 'x' });
    await session.same();
    return session;
  }

  /** Bytes that went through the link, both ways, while `act` came over. */
  async function traffic(session: Watched, act: () => unknown): Promise<number> {
    const pid = linkClient((await session.status()).pid as number) as number;
    const before = bytesMoved(pid);
    await act();
    await session.flush();
    // Read from one end and written to the other: each byte counts twice.
    const moved = (bytesMoved(pid) - before) / 2;
    await session.same();
    return moved;
  }

  test('the measure sees contents', async () => {
    const session = await prepared();
    const sent = await traffic(session, () => session.put({ new: Buffer.alloc(1_000_000, 'new') }));
    expect(sent).toBeGreaterThan(1_000_000);
    expect(sent).toBeLessThan(2_000_000);
  });

  test('a directory is moved, each way', async () => {
    const session = await prepared();
    const there = await traffic(session, () =>
      renameSync(join(session.local, 'pkg'), join(session.local, 'moved')),
    );
    expect(there).toBeLessThan(overhead);
    const back = await traffic(session, () => session.far('mkdir deep; mv moved deep/pkg'));
    expect(back).toBeLessThan(overhead);
    expect((await session.status()).holds).toEqual([]);
  });

  test('what one side alone moves there and back, at any moment of the way over, is never taken from it', async () => {
    const session = await watch(container);
    const at = (name: string) => join(session.local, name);
    const names = Array.from({ length: 8 }, (_, n) => [`a${n}`, `b${n}`] as const);
    session.put(Object.fromEntries(names.map(([name]) => [name, Buffer.alloc(100_000, name)])));
    await session.same();
    for (let round = 0; round < 60; round += 1) {
      for (const [from, to] of names) renameSync(at(from), at(to));
      // The moments that matter lie between the notice of the move and the answer to it.
      await new Promise((resolve) => setTimeout(resolve, (round % 12) * 1.5));
      for (const [from, to] of names) renameSync(at(to), at(from));
      if (round % 10 === 9) await session.flush();
    }
    expect((await session.same()).map(({ path }) => path)).toEqual(names.map(([name]) => name));
    for (const [name] of names) expect(readFileSync(at(name))).toEqual(Buffer.alloc(100_000, name));
    expect((await session.history()).filter(({ side }) => side === 'local')).toEqual([]);
  });

  test('a directory is copied, each way', async () => {
    const session = await prepared();
    const from = join(session.local, 'pkg');
    const there = await traffic(session, () =>
      cpSync(from, join(session.local, 'copy'), { recursive: true }),
    );
    expect(there).toBeLessThan(overhead);
    const back = await traffic(session, () => session.far('cp -r pkg copy2'));
    expect(back).toBeLessThan(overhead);
  });
});

/** One local directory and several containers: what one changes reaches the others, and each fails alone. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newCai } from '../support/cai.ts';
import { startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Watched, watch } from '../support/session.ts';
import { temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

/** All sides hold the same; their paths. */
async function allSame(sessions: readonly Watched[]): Promise<string[]> {
  // What one session brings over is a local change to the others.
  for (let round = 0; round < 2; round += 1) for (const session of sessions) await session.flush();
  const rows = await Promise.all(sessions.map((session) => session.same()));
  return (rows[0] ?? []).map(({ path }) => path);
}

describeNeeding(['docker', 'linux'], 'several containers', () => {
  test('edits in each reach all; one that is killed misses nothing and stops nobody', async () => {
    const local = temporaryDirectory();
    const cai = newCai();
    const sessions: Watched[] = [];
    for (const name of ['one', 'two', 'three'])
      sessions.push(await watch(await startContainer(), { local, cai, args: ['--name', name] }));
    const [one, two, three] = sessions as [Watched, Watched, Watched];
    const pids = await Promise.all(sessions.map(async (each) => (await each.status()).pid));
    expect(new Set(pids).size).toBe(1);

    one.put({ near: '1', 'dir/x': '1' });
    await one.far('echo 1 > from-one');
    await two.far('echo 2 > from-two; mkdir deep; head -c 300000 /dev/zero > deep/large');
    const paths = ['deep', 'deep/large', 'dir', 'dir/x', 'from-one', 'from-two', 'near'];
    expect(await allSame(sessions)).toEqual(paths);

    await three.container.kill();
    await three.until('the loss', ({ state }) => state === 'disconnected');
    await one.far('rm -r dir; echo more >> from-two');
    await waitFor(async () => (await two.far('cat from-two; ls')).includes('more'));
    rmSync(join(local, 'near'));
    await three.container.start();
    await three.until('its return', ({ state }) => state === 'watching', 60_000);
    expect(await allSame(sessions)).toEqual(['deep', 'deep/large', 'from-one', 'from-two']);
    for (const session of sessions)
      expect(await session.status()).toMatchObject({ problems: [], holds: [], conflicts: [] });
  });
});

/** A root on a named volume outlives its container: what happened to it meanwhile is no new beginning. */
import { expect, test } from 'vitest';
import { createVolume, docker, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { watch } from '../support/session.ts';

describeNeeding(['docker'], 'a root on a volume', () => {
  test('its container is recreated: removals and edits made in it meanwhile are brought over', async () => {
    const volume = await createVolume();
    const container = await startContainer({ volumes: [`${volume}:/data`] });
    await container.exec(['mkdir', '/data/app']);
    const session = await watch(container, { root: '/data/app' });
    session.put({ gone: 'g', edited: 'e', keep: 'k', 'd/x': 'x' });
    await session.same();
    await docker(['rm', '-f', container.name]);
    await session.until('disconnected', ({ state }) => state === 'disconnected');
    const other = await startContainer({ volumes: [`${volume}:/data`] });
    await other.exec(['sh', '-c', 'cd /data/app && rm -r gone d && echo more >> edited']);
    await docker(['rm', '-f', other.name]);
    await startContainer({ name: container.name, volumes: [`${volume}:/data`] });
    await session.until('watching', ({ state }) => state === 'watching', 60_000);
    const rows = await session.same();
    expect(rows.map(({ path }) => path)).toEqual(['edited', 'keep']);
    expect(rows[0]?.size).toBe('emore\n'.length);
    await docker(['rm', '-f', container.name]);
    await docker(['volume', 'rm', volume]);
  });
});

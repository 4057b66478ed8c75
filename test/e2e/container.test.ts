/** The container helpers, and the test images' promises. */
import { expect, test } from 'vitest';
import { createVolume, docker, images, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTree, snapshot, snapshotInContainer, temporaryDirectory } from '../support/tree.ts';

describeNeeding(['docker'], 'test containers', () => {
  test('a picture taken in a container equals the one taken here', async () => {
    const dir = temporaryDirectory();
    makeTree(dir, { 'a/b': { content: 'x', mode: 0o755 }, l: { link: 'a/b' }, ü: 'ü' });
    makeTree(dir, { 'raw\xff': 'y' }, 'latin1');
    const container = await startContainer({ volumes: [`${dir}:/here:ro`], readOnly: true });
    const rows = snapshot(dir);
    expect(rows).toHaveLength(5);
    expect(await snapshotInContainer(container, '/here')).toEqual(rows);
  });

  test('dev is a user, node is in one image and not in the other, rsync and git are in both', async () => {
    const container = await startContainer({ user: 'dev' });
    expect((await container.exec(['id', '-u'])).stdout.trim()).toBe('1000');
    expect((await container.exec(['node', '--version'])).stdout.trim()).toBe(process.version);
    const plain = await startContainer({ image: images.plain });
    expect((await plain.exec(['sh', '-c', 'command -v node'], { anyCode: true })).code).not.toBe(0);
    await plain.exec(['rsync', '--version']);
    await plain.exec(['git', '--version']);
  });

  test('a container stops, starts with its files and is gone once removed', async () => {
    const volume = await createVolume();
    const container = await startContainer({ volumes: [`${volume}:/data`], tmpfs: ['/scratch'] });
    await container.exec(['sh', '-c', 'cat > /data/x'], { input: 'kept' });
    await container.stop();
    await expect(container.exec(['true'])).rejects.toThrow('is not running');
    await container.start();
    expect((await container.exec(['cat', '/data/x'])).stdout).toBe('kept');
    await container.remove();
    expect((await docker(['ps', '-aq', '--filter', `name=${container.name}`])).stdout).toBe('');
  });
});

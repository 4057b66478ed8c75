/** The demonstration with a container, as a person runs it, and the parts that speak with docker. */
import { describe, expect, test } from 'vitest';
import { docker, images } from '../../test/support/container.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { FarSide } from './demo-far.ts';
import { openFarSide } from './demo-far.ts';
import { main, sightsOf, switchDeeds } from './demo-project.ts';

async function open(keep = false): Promise<FarSide> {
  const { signal } = new AbortController();
  return openFarSide({ top: temporaryDirectory(), keep, signal, say: () => {} });
}

const containers = async () =>
  (await docker(['ps', '-aq', '--filter', 'label=cai-demo'])).stdout.trim();

describeNeeding(['docker', 'linux'], 'the other side of the demonstration', () => {
  describe.each([
    ['an image of this machine’s own node', undefined, false],
    ['$BASE_IMAGE', images.node, true],
  ])('%s', (_, image, hasGit) => {
    test('has a puppet that does and sees, and leaves nothing behind', async () => {
      const before = process.env.BASE_IMAGE;
      if (image === undefined) delete process.env.BASE_IMAGE;
      else process.env.BASE_IMAGE = image;
      const far = await open();
      try {
        expect(far).toMatchObject({ form: 'container', hasGit });
        expect(await far.puppet.watchFor(sightsOf(main), 0)).toBe('.gitignore');
        await far.puppet.act(switchDeeds({}, main));
        expect(await far.puppet.watchFor(sightsOf(main), 1000)).toBeUndefined();
        const picture = await far.puppet.picture([]);
        expect(picture.filter((row) => row.type === 'link')).toHaveLength(1);
        await expect(far.puppet.act([{ do: 'remove', path: 'nowhere' }])).rejects.toThrow(/ENOENT/);
      } finally {
        if (before === undefined) delete process.env.BASE_IMAGE;
        else process.env.BASE_IMAGE = before;
        await far.close({ keep: false });
      }
      expect(await containers()).toBe('');
    });
  });
});

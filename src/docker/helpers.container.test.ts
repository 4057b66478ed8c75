import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { docker, images, startContainer } from '../../test/support/container.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { sweepHelpers } from './helpers.ts';

function helperOf(pid: number, host = hostname()) {
  const label = ['--label', `containai.helper.host=${host}`, '--label'];
  const args = [...label, `containai.helper.pid=${pid}`];
  return startContainer({ image: images.plain, args });
}

describeNeeding(['docker'], 'helper containers that are left over', () => {
  it('go when the process of their session is gone, and no others do', async () => {
    const { pid: dead } = spawnSync('true');
    const left = await helperOf(dead);
    const [mine, elsewhere] = [await helperOf(process.pid), await helperOf(dead, 'elsewhere')];
    await sweepHelpers(['docker']);
    const { stdout } = await docker(['ps', '--all', '--no-trunc', '--quiet']);
    expect(stdout).not.toContain(left.id);
    expect(stdout).toContain(mine.id);
    expect(stdout).toContain(elsewhere.id);
    await expect(sweepHelpers(['no-such-docker'])).resolves.toBeUndefined();
  });
});

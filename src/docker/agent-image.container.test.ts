import { expect, it } from 'vitest';
import { docker, images } from '../../test/support/container.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { ensureAgentImage } from './agent-image.ts';

const command = ['docker'];

describeNeeding(['docker'], 'the agent image', () => {
  it('is built once from a base, and works as the user agent in its home', async () => {
    const image = await ensureAgentImage({ command, base: images.node });
    const said: string[] = [];
    const again = { command, base: images.node, onProgress: (line: string) => said.push(line) };
    expect(await ensureAgentImage(again)).toBe(image);
    expect(said).toEqual([]);
    const look = [
      'const { username, homedir, uid } = require("os").userInfo();',
      'const { uid: owner } = require("fs").statSync(homedir + "/.containai/data");',
      'console.log(JSON.stringify([username, homedir, uid, owner, process.cwd()]))',
    ].join('');
    const run = ['run', '--rm', '--network', 'none', '--entrypoint', 'node', image, '-e', look];
    const { stdout } = await docker(run);
    const home = '/home/agent';
    expect(JSON.parse(stdout)).toEqual(['agent', home, 1000, 1000, `${home}/workspace`]);
    const version = ['run', '--rm', '--network', 'none', '--entrypoint', 'cai', image, '--version'];
    expect((await docker(version)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('cannot be built from a base without node, or one that is not there', async () => {
    await expect(ensureAgentImage({ command, base: images.plain })).rejects.toMatchObject({
      code: 'IMAGE',
      message: expect.stringContaining('has no node'),
      next: expect.stringContaining('BASE_IMAGE'),
    });
    await expect(
      ensureAgentImage({ command, base: 'cai-test-missing.invalid/image:1' }),
    ).rejects.toMatchObject({ code: 'IMAGE', next: expect.stringContaining('BASE_IMAGE') });
  });
});

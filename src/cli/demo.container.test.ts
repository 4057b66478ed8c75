/** The demonstration with a container, as a person runs it, and the parts that speak with docker. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { builtCli } from '../../test/support/built.ts';
import { docker, images } from '../../test/support/container.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { FarSide } from './demo-far.ts';
import { openFarSide } from './demo-far.ts';
import { main, sightsOf, switchDeeds } from './demo-project.ts';

async function open(keep = false): Promise<FarSide> {
  const { signal } = new AbortController();
  return openFarSide({ top: temporaryDirectory(), keep, signal, say: () => {} });
}

/** The container of an address, as long as there is one; others on this machine are not ours to judge. */
const containerOf = async (address: string) => {
  const name = address.split(':')[0];
  return (await docker(['ps', '-aq', '--filter', `name=^${name}$`])).stdout.trim();
};

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
        expect(await far.puppet.watchFor(sightsOf(main), 0)).toMatchObject({
          missing: '.gitignore',
        });
        await far.puppet.act(switchDeeds({}, main));
        expect(await far.puppet.watchFor(sightsOf(main), 1000)).toEqual({ at: expect.any(Number) });
        const picture = await far.puppet.picture([]);
        expect(picture.filter((row) => row.type === 'link')).toHaveLength(1);
        await expect(far.puppet.act([{ do: 'remove', path: 'nowhere' }])).rejects.toThrow(/ENOENT/);
      } finally {
        if (before === undefined) delete process.env.BASE_IMAGE;
        else process.env.BASE_IMAGE = before;
        await far.close({ keep: false });
      }
      expect(await containerOf(far.address)).toBe('');
    });
  });
});

function startDemo(tmp: string, ...args: string[]) {
  const env = { ...process.env, TMPDIR: tmp, NO_COLOR: '1', BASE_IMAGE: images.node };
  const child = spawn(process.execPath, [builtCli(), 'demo', ...args], { env });
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, exit, out: text(child.stdout), err: text(child.stderr) };
}

describeNeeding(['docker', 'linux', 'git'], 'the demonstration with a container', () => {
  test('everything arrives and nothing is left', async () => {
    const tmp = temporaryDirectory();
    const demo = startDemo(tmp, '--json');
    const [out, err, exit] = await Promise.all([demo.out, demo.err, demo.exit]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const result = JSON.parse(out);
    expect(result).toMatchObject({ ok: true, form: 'container', summary: { missed: 0 } });
    expect(result.steps.map((step: { title: string }) => step.title)).toContain(
      'git checkout main (11 files)',
    );
    expect(readdirSync(tmp)).toEqual([]);
    expect(await containerOf(String(result.container))).toBe('');
  });

  test.each(['SIGINT', 'SIGKILL'] as const)('after %s no container is left', async (signal) => {
    const tmp = temporaryDirectory();
    const demo = startDemo(tmp);
    let said = '';
    demo.child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await waitFor(() => said.includes('edit src/server.ts'), { what: 'the first edit' });
    const name = /cai-demo-[0-9a-f]{8}/.exec(said)?.[0] ?? '';
    expect(await containerOf(name)).not.toBe('');
    demo.child.kill(signal);
    expect(await demo.exit).toBe(signal === 'SIGINT' ? 130 : null);
    await waitFor(async () => (await containerOf(name)) === '', { what: 'the container’s end' });
  });
});

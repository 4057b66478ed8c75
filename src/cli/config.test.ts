/** `cai config` as a process. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleFakeCli, parse, removeCli, useCli } from './test-cli.ts';

let entry: string;
beforeAll(async () => {
  entry = await bundleFakeCli();
});
afterAll(removeCli);

test('shows every value and where it comes from, live sync too', async () => {
  const cli = useCli(entry, 'p/sub');
  const file = join(cli.top, 'p', 'containai.toml');
  writeFileSync(file, 'excludes = ["a", "b"]\nslip = 1\n\n[sync]\nremote = "web:/app"\n');
  const { code, stdout, stderr } = await cli.run(['config', 'p/sub']);
  expect(code).toBe(0);
  expect(stdout).toContain(`workspace ${join(cli.top, 'p', 'sub')}\n`);
  expect(stdout).toMatch(new RegExp(`^excludes +a, b +${file}:1$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^sync\\.remote +web:/app +${file}:5$`, 'm'));
  expect(stdout).toMatch(/^data_volume +cai-sub-[0-9a-f]{10}-data +the workspace's path$/m);
  expect(stderr).toMatch(/^warning .*:2: there is no key "slip"/);
  const { settings } = parse<{ settings: { key: string; value: unknown; from: string }[] }>(
    (await cli.run(['config', '--json'], join(cli.top, 'p'))).stdout,
  );
  expect(settings).toContainEqual({ key: 'excludes', value: ['a', 'b'], from: `${file}:1` });
  expect(settings).toContainEqual({ key: 'import.exclude_priv', value: true, from: 'default' });
});

test('a named file is taken strictly, and a workspace must be there', async () => {
  const cli = useCli(entry, 'p');
  mkdirSync(join(cli.top, 'q'));
  writeFileSync(join(cli.top, 'x.toml'), 'slip = 1\n');
  const wrong = await cli.run(['config', '--config', 'x.toml']);
  expect(wrong).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(':1: there'),
  });
  expect(await cli.run(['config', 'nowhere'])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('There is no directory'),
  });
});

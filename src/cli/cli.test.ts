/** The command line as a process: arguments, errors and exit codes (docs/cli.md). */
import { type StdioOptions, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { bundleFakeCli, removeCli, useCli } from './test-cli.ts';

// Each test runs many processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let entry: string;
beforeAll(async () => {
  entry = await bundleFakeCli();
});
afterAll(removeCli);

test('help and version, with examples at every command', async () => {
  const cli = useCli(entry);
  const help = await cli.run(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).not.toContain('__run');
  expect((await cli.run(['--version'])).stdout).toBe('0.0.0-test\n');
  expect((await cli.run([])).code).toBe(0);
  const names = [...help.stdout.matchAll(/^ {2}([a-z]+) /gm)].map((found) => found[1] as string);
  expect(names).toContain('watch');
  const pages = names.filter((name) => name !== 'help').map((name) => cli.run([name, '--help']));
  for (const { code, stdout } of await Promise.all(pages)) {
    expect([code, stdout]).toEqual([0, expect.stringContaining('Examples:')]);
  }
});

test('what is wrong is told: exit code 2, nothing on stdout', async () => {
  const cases: [string[], RegExp][] = [
    [['bogus'], /Unknown command 'bogus'/],
    [['statsu'], /Unknown command 'statsu' \(Did you mean status\?\)/],
    [['help', 'bogus'], /Unknown command 'bogus'/],
    [['bogus', '--help'], /Unknown command 'bogus'/],
    [['status', '--bogus'], /Unknown option '--bogus'.*\n.*cai status --help/],
    [['watch', '.', 'web:/x', '--mode', 'sideways'], /two-way, to-container, to-local/],
    [['watch', '.'], /belong together/],
    [['flush', '--timeout', 'soon'], /seconds/],
    [['history', '--limit', '0'], /whole number/],
    [['show'], /Missing required argument/],
    [['watch'], /containai\.toml/],
  ];
  const cli = useCli(entry);
  const check = async ([args, message]: [string[], RegExp]) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  };
  await Promise.all(cases.map(check));
});

test.skipIf(!existsSync('/dev/full'))(
  'output that cannot be written is told, without a stack',
  () => {
    const full = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(full));
    const onStdout = run(['--help'], ['ignore', full, 'pipe']);
    expect([onStdout.status, onStdout.stderr]).toEqual([
      10,
      expect.stringMatching(/^error .*\(NO_SPACE\)\n {2}.*\n$/),
    ]);
    expect(run(['bogus'], ['ignore', 'pipe', full]).status).toBe(2);
  },
);

function run(args: readonly string[], stdio: StdioOptions) {
  return spawnSync(process.execPath, [entry, ...args], { stdio, encoding: 'utf8' });
}

test('with --json errors are objects on stdout', async () => {
  const { code, stdout, stderr } = await useCli(entry).run(['status', '--json']);
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'NO_SESSION', next: expect.stringContaining('cai watch') },
  });
});

test('the doctor answers in the same shape whatever it finds', async () => {
  const { code, stdout } = await useCli(entry).run(['doctor', '--json']);
  const checks = JSON.parse(stdout) as { name: string; state: string; fix?: string }[];
  expect(checks.map((check) => check.name)).toEqual(
    expect.arrayContaining(['node', 'rsync', 'git', 'state directory']),
  );
  for (const check of checks)
    expect([check.name, check.state === 'ok' || check.fix !== undefined]).toEqual([
      check.name,
      true,
    ]);
  expect(code).toBe(checks.some((check) => check.state === 'fail') ? 9 : 0);
});

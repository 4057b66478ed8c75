/** `cai watch` in the foreground, as a process. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { behave, bundleFakeCli, removeCli, useCli } from './test-cli.ts';

// Each test runs many processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let entry: string;
beforeAll(async () => {
  entry = await bundleFakeCli();
});
afterAll(removeCli);

describe('a session in the foreground', () => {
  const transfer = {
    path: 'a\u001b[31m',
    to: 'container',
    action: 'update',
    kind: 'file',
    size: 5,
    ms: 3,
    time: 1,
  } as const;

  test('off a terminal: ready first, then a line an event; Ctrl-C stops it, and the record stays', async () => {
    const cli = useCli(entry, 'proj', 'other');
    behave(cli, 'proj', { events: [{ time: 1, type: 'transfer', transfer }] });
    const watch = cli.start(['watch', 'proj', 'other']);
    await waitFor(() => watch.stdout().includes('→'));
    expect(watch.stdout()).toBe(
      'ready  3 files, 1.5 kB, in 12 ms\n→ a\\x1b[31m  update, 5 B, 3 ms\n',
    );
    expect(await cli.run(['status'])).toMatchObject({ code: 0 });
    watch.signal('SIGINT');
    expect(await watch.ended).toMatchObject({ code: 130 });
    const list = await cli.run(['list', '--json']);
    expect(JSON.parse(list.stdout)).toMatchObject([{ name: 'proj', state: 'stopped' }]);
  });

  test('as JSON: one event a line', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const watch = cli.start(['watch', 'proj', 'other', '--json']);
    await waitFor(() => watch.stdout().includes('"ready"'));
    watch.signal('SIGTERM');
    const { stdout } = await watch.ended;
    const types = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(types).toContain('ready');
  });

  test('a second watch looks on; its Ctrl-C leaves the session alone, and it ends with the session', async () => {
    const cli = useCli(entry, 'proj', 'other');
    const owner = cli.start(['watch', 'proj', 'other']);
    await waitFor(() => owner.stdout().includes('ready'));
    const first = cli.start(['watch', 'proj', 'other']);
    const second = cli.start(['watch', 'proj', 'other']);
    await waitFor(() => first.stdout().startsWith('ready') && second.stdout().startsWith('ready'));
    first.signal('SIGINT');
    expect(await first.ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('goes on'),
    });
    expect(await cli.run(['status'])).toMatchObject({ code: 0 });
    await cli.run(['unwatch']);
    expect((await owner.ended).code).toBe(0);
    expect(await second.ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('has ended'),
    });
  });
});

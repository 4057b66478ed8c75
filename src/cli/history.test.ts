/** History through the command line as a process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSessionStore } from '../control/session-store.ts';
import { readRegistry } from '../control/sessions.ts';
import { bundleFakeCli, type Cli, removeCli, useCli } from './test-cli.ts';

// Each test runs many processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let entry: string;
beforeAll(async () => {
  entry = await bundleFakeCli();
});
afterAll(removeCli);

/** Puts a version into the history of the only session. */
function remember(cli: Cli, path: string, text: string): string {
  process.env.CAI_STATE_DIR = join(cli.top, 'state');
  const [record] = readRegistry().records;
  const store = openSessionStore(record as NonNullable<typeof record>);
  const digest = store.contents.putBytes(Buffer.from(text));
  const entry = {
    kind: 'file',
    digest,
    size: text.length,
    executable: false,
    mode: 0o644,
    mtime: 1,
  } as const;
  store.commit({
    base: [],
    events: [],
    versions: [{ path, side: 'container', time: 86_400_000, reason: 'removed', entry }],
  });
  const id = store.history({ limit: 1 })[0]?.id as string;
  store.close();
  return id;
}

describe('history', () => {
  test('lists, shows and restores, with the session running, stopped and ended', async () => {
    const cli = useCli(entry, 'proj/src', 'other');
    await cli.run(['watch', '-d', 'proj', 'other']);
    await cli.run(['unwatch']);
    const id = remember(cli, 'src/x', 'old\n');

    const rows = JSON.parse((await cli.run(['history', '--json'])).stdout);
    expect(rows).toEqual([
      {
        id,
        session: 'proj',
        path: 'src/x',
        side: 'container',
        time: '1970-01-02T00:00:00.000Z',
        reason: 'removed',
        kind: 'file',
        size: 4,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        kept: true,
        by: null,
      },
    ]);
    const inSrc = join(cli.top, 'proj/src');
    expect(JSON.parse((await cli.run(['history', 'x', '--json'], inSrc)).stdout)).toEqual(rows);
    expect(JSON.parse((await cli.run(['history', 'src', '--json'])).stdout)).toEqual(rows);
    expect(JSON.parse((await cli.run(['history', 'y', '--json'], inSrc)).stdout)).toEqual([]);
    expect(await cli.run(['history', '/etc/passwd'])).toMatchObject({ code: 2 });
    expect(await cli.run(['show', `proj#${id}`])).toEqual({ code: 0, stdout: 'old\n', stderr: '' });
    expect(await cli.run(['show', '99'])).toMatchObject({ code: 3, stdout: '' });

    expect(await cli.run(['restore', id])).toMatchObject({ code: 0, stdout: 'restored src/x\n' });
    await cli.run(['watch', '-d', 'proj', 'other']);
    writeFileSync(join(inSrc, 'x'), 'newer\n');
    const { displaced } = JSON.parse((await cli.run(['restore', id, '--json'])).stdout);
    expect((await cli.run(['show', displaced])).stdout).toBe('newer\n');
    expect((await cli.run(['show', id])).stdout).toBe('old\n');

    const outside = join(cli.top, 'copy');
    expect(await cli.run(['restore', id, '--to', '../../copy'], inSrc)).toMatchObject({ code: 0 });
    expect(await cli.run(['restore', id, '--to', outside])).toMatchObject({
      code: 10,
      stderr: expect.stringContaining('--force'),
    });
    expect(await cli.run(['restore', id, '--to', outside, '--force'])).toMatchObject({ code: 0 });
  });
});

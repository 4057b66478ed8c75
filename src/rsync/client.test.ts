/** The host's rsync against a far side that a test holds in its hands: real rsync, or something hostile. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { type RunRsync, runRsync } from './client.ts';
import { findRsync } from './find.ts';
import { serveRsync } from './server.ts';

interface Sides {
  readonly here: string;
  readonly there: string;
}

function sides(): Sides {
  return { here: temporaryDirectory(), there: temporaryDirectory() };
}

function run({ here, there }: Sides, more: Partial<RunRsync> = {}): Promise<void> {
  return runRsync({
    direction: 'receive',
    directory: here,
    list: Buffer.from('a/file\0'),
    tunnel: (args, input) => serveRsync({ args, directory: there, root: there }, input),
    deadlineMs: 30_000,
    most: 1_000_000,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...more,
  });
}

function put(root: string, path: string, content: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
}

describeNeeding(['rsync', 'linux'], "the host's rsync", () => {
  test("finds this machine's rsync", async () => {
    expect(await findRsync()).toMatchObject({ ok: true });
  });

  test('receives and sends what is named, and nothing else', async () => {
    const both = sides();
    put(both.there, 'a/file', 'content');
    put(both.there, 'a/other', 'not named');
    let bytes = 0;
    await run(both, {
      onProgress: (progress) => {
        bytes = progress.bytes;
      },
    });
    expect(readdirSync(both.here, { recursive: true })).toEqual(['a', 'a/file']);
    expect(readFileSync(join(both.here, 'a/file'), 'utf8')).toBe('content');
    expect(bytes).toBe(7);
    put(both.here, 'a/file', 'changed');
    await run(both, { direction: 'send' });
    expect(readFileSync(join(both.there, 'a/file'), 'utf8')).toBe('changed');
  });

  test('a link in the place of a file does not arrive', async () => {
    const both = sides();
    put(both.there, 'secret', 'secret');
    mkdirSync(join(both.there, 'a'));
    symlinkSync('../secret', join(both.there, 'a/file'));
    await run(both).catch(() => undefined);
    expect(existsSync(join(both.here, 'a/file'))).toBe(false);
    // A server that was told to send links as such: the two do not understand each other.
    const linking: RunRsync['tunnel'] = (args, input) =>
      serveRsync(
        { args: args.map((arg) => arg.replace('-I', '-vI')), directory: both.there, root: '/' },
        input,
      );
    await run(both, { tunnel: linking, stall: 1 }).catch(() => undefined);
    expect(lstatSync(join(both.here, 'a/file'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('too much, too slow and nothing at all are ends', async () => {
    const both = sides();
    put(both.there, 'a/file', 'x'.repeat(500_000));
    await expect(run(both, { most: 100_000 })).rejects.toMatchObject({ code: 'PROTOCOL' });
    const silent: RunRsync['tunnel'] = async function* () {
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      yield new Uint8Array(0);
    };
    const late = { code: expect.stringMatching('IO|TIMEOUT') };
    await expect(run(both, { tunnel: silent, stall: 1 })).rejects.toMatchObject(late);
    await expect(run(both, { tunnel: silent, stall: 60, deadlineMs: 200 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    const empty: RunRsync['tunnel'] = async function* () {};
    await expect(run(both, { tunnel: empty })).rejects.toMatchObject({ code: 'IO' });
  });

  test('an abort ends it at once', async () => {
    const both = sides();
    const abort = new AbortController();
    const tunnel: RunRsync['tunnel'] = async function* () {
      abort.abort();
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      yield new Uint8Array(0);
    };
    const start = performance.now();
    await expect(run(both, { tunnel, stall: 60, signal: abort.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('what the far side makes rsync say is fit for a terminal', async () => {
    const tunnel: RunRsync['tunnel'] = async function* () {
      yield Buffer.from('\u001b[31mhello\u0007 world, this is no rsync\n');
    };
    const error = await run(sides(), { tunnel }).catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/^rsync failed: [^\p{Cc}]+$/u);
  });
});

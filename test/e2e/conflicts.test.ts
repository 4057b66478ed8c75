/** Conflicts on the command line: listed, compared, settled, and what the exit codes say. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyPatch } from 'diff';
import { expect, test } from 'vitest';
import type {
  ConflictInfo,
  ResolveResult,
  SessionEvent,
  SessionStatus,
} from '../../src/control/api.ts';
import { newCai } from '../support/cai.ts';
import { endSessionsOf } from '../support/session.ts';
import { makeTree, temporaryDirectory } from '../support/tree.ts';

const lines = (...names: string[]) => names.map((name) => `${name}\n`).join('');
const before = lines('one', 'two', 'three', 'four', 'five');

/** A session of two directories in which both sides changed four files at a time. */
async function conflicted(config: string) {
  const top = temporaryDirectory();
  const [local, far] = [join(top, 'proj'), join(top, 'far')];
  for (const directory of [local, far]) mkdirSync(directory);
  const files = { 'a.txt': before, 'src/b.txt': before, 'x.lock': before, 'bin.dat': 'x\0y' };
  makeTree(local, files);
  writeFileSync(join(top, 'containai.toml'), `[sync]\nlocal = "proj"\nremote = "far"\n${config}`);
  const cai = newCai();
  endSessionsOf(cai);
  await cai.json(['watch', '-d'], { cwd: top });
  await cai.json(['pause'], { cwd: top });
  makeTree(local, {
    'a.txt': before.replace('one', 'ONE'),
    'src/b.txt': before.replace('three', 'mine'),
    'x.lock': 'mine\n',
    'bin.dat': 'x\0mine',
  });
  makeTree(far, {
    'a.txt': before.replace('five', 'FIVE'),
    'src/b.txt': before.replace('three', 'theirs'),
    'x.lock': 'theirs\n',
    'bin.dat': 'x\0theirs',
  });
  await cai.json(['resume'], { cwd: top });
  const flushed = await cai.run(['flush'], { cwd: top });
  const run = async (args: readonly string[]) => cai.run(args, { cwd: local });
  const list = () => cai.json<ConflictInfo[]>(['conflicts'], { cwd: local });
  return { cai, top, local, far, flushed, run, list };
}

test('settled conflicts are listed, compared and taken the other way', async () => {
  const rules = '[[sync.rules]]\npaths = ["*.lock"]\nconflicts = "container"\n';
  const { cai, local, far, flushed, run, list } = await conflicted(rules);
  expect(flushed.code).toBe(0);
  expect((await run(['status'])).code).toBe(0);
  expect(readFileSync(join(far, 'a.txt'), 'utf8')).toBe(
    lines('ONE', 'two', 'three', 'four', 'FIVE'),
  );
  const byPath = Object.fromEntries((await list()).map((one) => [one.path, one]));
  expect(byPath['a.txt']?.settled).toBe('merged');
  expect(byPath['x.lock']?.settled).toBe('container');
  expect(Object.keys(byPath)).toHaveLength(4);
  expect((await run(['conflicts'])).stdout).toContain('merged');

  const shown = await run(['diff', 'x.lock']);
  const lost = byPath['x.lock']?.versions.local[0];
  expect(shown.stdout).toBe(
    `--- local/x.lock\n+++ version-${lost}/x.lock\n@@ -1,1 +1,1 @@\n-theirs\n+mine\n`,
  );
  expect((await run(['diff', 'bin.dat'])).stdout).toContain('are not both texts');
  const [mine, theirs] = ['local', 'container'] as const;
  const ids = [mine, theirs].map((side) => byPath['a.txt']?.versions[side][0] ?? '');
  const patch = (await run(['diff', ...ids])).stdout;
  expect(patch).toContain('-ONE\n+one\n');
  // A patch can be applied.
  expect(applyPatch(before.replace('one', 'ONE'), patch)).toBe(before.replace('five', 'FIVE'));

  const resolved = await cai.json<ResolveResult>(
    ['resolve', '*.lock', 'src', '--take', 'local', '--name', 'proj'],
    { cwd: local },
  );
  expect(resolved.failed).toEqual([]);
  expect(resolved.resolved.map(({ path }) => path).sort()).toEqual(['src/b.txt', 'x.lock']);
  expect(readFileSync(join(far, 'x.lock'), 'utf8')).toBe('mine\n');
  expect(await run(['resolve', 'x.lock', '--take', 'local'])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('There is no conflict at x.lock'),
  });
  expect(await run(['resolve', '--all', '--take', 'kept'])).toMatchObject({ code: 0 });
  expect(await list()).toEqual([]);
  const events = (await run(['logs', '--json'])).stdout.trim().split('\n');
  const types = events.map((line) => (JSON.parse(line) as SessionEvent).type);
  expect(types.filter((type) => type === 'conflict')).toHaveLength(4);
  expect(types.filter((type) => type === 'resolved')).toHaveLength(4);
});

test('open conflicts decide the exit code, and stay through a stop until they are settled', async () => {
  const { cai, top, local, far, flushed, run, list } = await conflicted('conflicts = "manual"\n');
  expect(flushed.code).toBe(9);
  const status = await run(['status']);
  expect([status.code, status.stdout]).toEqual([9, expect.stringContaining('a.txt: open')]);
  expect((await run(['diff', 'src/b.txt'])).stdout).toContain('-mine\n+theirs\n');
  expect((await run(['diff', 'src/b.txt', '--from', 'base'])).stdout).toContain(
    '-three\n+theirs\n',
  );
  const { pid } = await cai.json<SessionStatus>(['status'], { cwd: top, code: 9 });
  process.kill(pid ?? 0, 'SIGKILL');
  expect((await list()).map(({ settled }) => settled)).toEqual(['open', 'open', 'open', 'open']);
  await cai.json(['watch', '-d'], { cwd: top });
  const merged = join(top, 'merged.txt');
  writeFileSync(merged, 'by hand\n');
  expect(await run(['resolve', 'a.txt', '--file', merged])).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(join(far, 'a.txt'), 'utf8')).toBe('by hand\n');
  expect(await run(['resolve', 'x.lock', '--take', 'both'])).toMatchObject({
    stdout: expect.stringMatching(/^x\.lock: the other version is x\.(local|container)\.lock/),
  });
  expect((await run(['resolve', 'bin.dat', '--take', 'kept'])).code).toBe(2);
  expect(await run(['resolve', '--all', '--take', 'newest'])).toMatchObject({ code: 0 });
  expect((await run(['status'])).code).toBe(0);
  expect(readFileSync(join(local, 'src/b.txt'))).toEqual(readFileSync(join(far, 'src/b.txt')));
});

test('wrong arguments are told', async () => {
  const { run } = await conflicted('');
  for (const args of [
    ['resolve', 'a.txt'],
    ['resolve', '--take', 'local'],
    ['resolve', 'a.txt', '--take', 'local', '--file', 'x'],
    ['diff', '1', 'a.txt'],
    ['diff', 'a.txt', '--from', 'there'],
  ])
    expect([args, (await run(args)).code]).toEqual([args, 2]);
  expect((await run(['diff', 'a.txt', '999'])).code).toBe(3);
});

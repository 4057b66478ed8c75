/** `cai undo` and `cai restore` through the built command, between two directories. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RestoreResult, RewriteResult } from '../src/control/api.ts';
import { type Cai, newCai } from './support/cai.ts';
import { endSessionsOf } from './support/session.ts';
import { makeTree, snapshot, temporaryDirectory } from './support/tree.ts';

interface Place {
  readonly cai: Cai;
  readonly local: string;
  readonly far: string;
  /** Runs a command in the local directory and reads its JSON. */
  json<T>(args: readonly string[], code?: number): Promise<T>;
}

async function start(files: Parameters<typeof makeTree>[1]): Promise<Place> {
  const cai = newCai();
  endSessionsOf(cai);
  const [local, far] = [temporaryDirectory(), temporaryDirectory()];
  makeTree(local, files);
  await cai.json(['watch', local, far, '-d']);
  return {
    cai,
    local,
    far,
    json: (args, code = 0) => cai.json(args, { cwd: local, code }),
  };
}

const text = (...path: string[]) => fs.readFileSync(join(...path), 'utf8');
const names = (dir: string) => snapshot(dir).map((row) => row.path);

test('undo: dry run, a pattern, a refusal, and the way back', { timeout: 60_000 }, async () => {
  const { cai, local, far, json } = await start({ 'src/a.ts': 'a', 'src/b.ts': 'b', c: 'c' });
  makeTree(far, { 'src/a.ts': 'agent', 'src/b.ts': 'agent', new: 'n' });
  fs.rmSync(join(far, 'c'));
  await json(['flush']);
  fs.writeFileSync(join(local, 'src/b.ts'), 'mine, later');
  await json(['flush']);
  const would = await json<RewriteResult>(['undo', '--since', '10m', '--dry-run'], 9);
  expect(would.done.map(({ path }) => path)).toEqual(['c', 'new', 'src/a.ts']);
  expect(would.refused).toMatchObject([{ path: 'src/b.ts', reason: 'edited' }]);
  expect(text(local, 'src/a.ts')).toBe('agent');
  await json<RewriteResult>(['undo', '--since', '10m', '--path', '*.ts', '--path', 'c'], 9);
  await json(['flush']);
  for (const root of [local, far]) {
    expect(names(root)).toEqual(['c', 'new', 'src', 'src/a.ts', 'src/b.ts']);
    expect([text(root, 'src/a.ts'), text(root, 'src/b.ts')]).toEqual(['a', 'mine, later']);
  }
  const told = await cai.run(['undo'], { cwd: local });
  expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining('put back 2 paths') });
  expect(text(local, 'src/a.ts')).toBe('agent');
  for (const args of [
    ['--since', 'soon'],
    ['--side', 'left'],
  ])
    expect((await cai.run(['undo', ...args], { cwd: local })).code).toBe(2);
});

test('restore: a directory as it was, a version, and the undo of that', {
  timeout: 60_000,
}, async () => {
  const { cai, local, far, json } = await start({ 'd/x': '1', 'd/deep/y': '1', other: '1' });
  fs.chmodSync(join(local, 'd/deep'), 0o700);
  const at = String(Date.now());
  fs.rmSync(join(far, 'd'), { recursive: true });
  fs.writeFileSync(join(far, 'other'), '2');
  await json(['flush']);
  const result = await json<RewriteResult>(['restore', 'd', '--at', at]);
  expect(result).toMatchObject({ dryRun: false, refused: [], done: { length: 4 } });
  await json(['flush']);
  expect(names(far)).toEqual(['d', 'd/deep', 'd/deep/y', 'd/x', 'other']);
  expect(text(far, 'other')).toBe('2');
  const [version] = await json<{ id: string }[]>(['history', 'other']);
  await json<RestoreResult>(['restore', version?.id as string]);
  expect(text(local, 'other')).toBe('1');
  await json(['flush']);
  expect((await json<RewriteResult>(['undo'])).done.map(({ path }) => path)).toEqual(['other']);
  expect(text(local, 'other')).toBe('2');
  for (const args of [
    ['d', '--at', at, '--before', '1m'],
    ['7', '--dry-run'],
  ])
    expect((await cai.run(['restore', ...args], { cwd: local })).code).toBe(2);
});

test('without a running session they say how to start it', { timeout: 60_000 }, async () => {
  const { cai, local } = await start({ a: '1' });
  await cai.run(['unwatch'], { cwd: local });
  await cai.run(['watch', local, temporaryDirectory(), '-d', '--name', 'x']);
  const { pid } = await cai.json<{ pid: number }>(['status', 'x']);
  process.kill(pid, 'SIGTERM');
  await expect
    .poll(async () => (await cai.run(['undo'], { cwd: local })).code, { timeout: 10_000 })
    .toBe(3);
  for (const args of [['undo'], ['restore', 'a', '--before', '1m']]) {
    const { code, stderr } = await cai.run(args, { cwd: local });
    expect([code, stderr]).toEqual([3, expect.stringContaining('cai watch')]);
  }
});

/** A directory that could not be looked at for a while: what went in it meanwhile is gone on both sides. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { faultyFs } from '../replica/testing.ts';
import { type Pair, startPair } from './testing.ts';

/** More than are told at once. */
const many = 4_500;
const options = { holds: { files: 1e9, share: 1 } };

/** A file system whose directory `d` cannot be looked at while `hide(true)` holds. */
function hiding() {
  const faulty = faultyFs();
  const hide = (on: boolean): void => {
    faulty.fail = (call, path) =>
      on && call === 'lstatSync' && path.endsWith('/d') ? 'EIO' : undefined;
  };
  return { fs: { container: faulty.fs }, hide };
}

function fill(local: string): void {
  mkdirSync(`${local}/d`);
  writeFileSync(`${local}/d/x`, 'x');
  for (let n = 0; n < many; n += 1) writeFileSync(`${local}/d/y${n}`, 'y');
}

/** An event of the directory itself, so that it is looked at now. */
function touch({ container }: Pair, mode: number): void {
  chmodSync(`${container}/d`, mode);
}

const problems = ({ session }: Pair) => session.status().problems.length;

it('a file that went while its directory could not be looked at goes on the other side', async () => {
  const { fs, hide } = hiding();
  const pair = await startPair({ fs, fill, options });
  await pair.same();
  hide(true);
  touch(pair, 0o700);
  await waitFor(() => problems(pair) === 1);
  rmSync(`${pair.container}/d/x`);
  hide(false);
  touch(pair, 0o755);
  await waitFor(() => !existsSync(`${pair.local}/d/x`), { deadline: 20_000 });
  await pair.same();
  expect(pair.session.status()).toMatchObject({ pending: 0, problems: [] });
  // Nothing else went, not even for a moment.
  expect(pair.store.history().map(({ path }) => path)).toEqual(['d/x']);
});

it('likewise when that was so at the start of the session already', async () => {
  const before = await startPair({ fill, options });
  await before.same();
  await before.stop();
  rmSync(`${before.container}/d/x`);
  const { fs, hide } = hiding();
  hide(true);
  const pair = await startPair({ again: before, fs, options });
  await waitFor(() => problems(pair) === 1);
  await pair.session.flush({ timeoutMs: 20_000 });
  hide(false);
  touch(pair, 0o700);
  await waitFor(() => !existsSync(`${pair.local}/d/x`), { deadline: 20_000 });
  await pair.same();
  expect(pair.session.status()).toMatchObject({ pending: 0, problems: [] });
  expect(pair.store.history().map(({ path }) => path)).toEqual(['d/x']);
});

it('nothing is left of a directory that is a file when it can be looked at again', async () => {
  const { fs, hide } = hiding();
  const pair = await startPair({ fs });
  await pair.same();
  await pair.session.pause();
  mkdirSync(`${pair.container}/d`);
  writeFileSync(`${pair.container}/d/z`, 'z');
  await waitFor(() => pair.session.status().pending === 2);
  hide(true);
  touch(pair, 0o700);
  await waitFor(() => problems(pair) === 1);
  rmSync(`${pair.container}/d`, { recursive: true });
  hide(false);
  writeFileSync(`${pair.container}/d`, 'file');
  await waitFor(() => problems(pair) === 0);
  await pair.session.resume();
  await pair.same();
  expect(pair.session.status()).toMatchObject({ pending: 0, problems: [] });
});

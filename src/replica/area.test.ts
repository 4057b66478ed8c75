/** Staging areas: hidden, cleaned up, and after a crash nothing that was kept is lost. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { openScanned, openTest, readAll, removeOf, stagingFiles, writeOf } from './testing.ts';

function areas(root: string): string[] {
  return fs.readdirSync(root).filter((name) => name.startsWith('.cai-stage-'));
}

/** Makes a root look as if the process that serves it had been killed. */
async function killOwner(root: string): Promise<void> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  for (const area of areas(root)) {
    const mark = `${root}/${area}/owner`;
    const owner = JSON.parse(fs.readFileSync(mark, 'utf8'));
    fs.writeFileSync(mark, JSON.stringify({ ...owner, pid: child.pid }));
  }
}

test('the area is made when it is needed, private, unseen by git, and removed', async () => {
  const root = temporaryDirectory();
  execFileSync('git', ['init', '-q', root]);
  const told = await openScanned({ root });
  expect(areas(root)).toEqual([]);
  await told.applyOne(writeOf('f', null, 'x'));
  const [area] = areas(root);
  expect(fs.statSync(`${root}/${area}`).mode & 0o777).toBe(0o700);
  const status = execFileSync('git', ['-C', root, 'status', '--porcelain'], { encoding: 'utf8' });
  expect(status).toBe('?? f\n');
  await told.replica.close();
  expect(areas(root)).toEqual([]);
});

test('what a crashed run kept is left for the next, the rest is cleaned up', async () => {
  const root = temporaryDirectory();
  makeTree(root, { 'd/f': 'old', 'sp\nce': 'gone', l: { link: 'd/f' } });
  const crashed = await openScanned({ root });
  await crashed.replica.apply([
    writeOf('d/f', 'old', 'new'),
    removeOf('sp\nce', 'gone'),
    { type: 'remove', path: 'l', expect: { kind: 'link', target: 'd/f' } },
  ]);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('never placed');
  };
  const content = { id: 'x', size: 12, path: 'x', digest: removeOf('x', 'never placed').expect };
  const { digest } = content.digest as { digest: string };
  await crashed.replica.stage({ ...content, digest }, chunks());
  await killOwner(root);
  const next = await openTest({ root });
  const left = await next.replica.takeLeft();
  expect(left.map(({ path, entry }) => `${path} ${entry.kind}`).sort()).toEqual([
    'd/f file',
    'l link',
    'sp\nce file',
  ]);
  const contents = await Promise.all(left.map(({ id }) => readAll(next.replica.readKept(id))));
  expect(contents.sort()).toEqual(['d/f', 'gone', 'old']);
  expect(areas(root)).toHaveLength(1);
  expect(await next.replica.release(left.map(({ id }) => id))).toEqual([]);
  expect(stagingFiles(root)).toEqual([]);
});

test('a kept file whose line in the index was cut off by the crash is found all the same', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, 'old');
  const crashed = await openScanned({ root });
  await crashed.applyOne(writeOf('f', 'old', 'new'));
  await killOwner(root);
  fs.truncateSync(`${root}/${areas(root)[0]}/kept.index`, 10);
  const next = await openTest({ root });
  const [left] = await next.replica.takeLeft();
  expect(await readAll(next.replica.readKept(left?.id as string))).toBe('old');
});

test('the area of a living session is left alone', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, 'old');
  const one = await openScanned({ root });
  const outcome = await one.applyOne(writeOf('f', 'old', 'new'));
  const two = await openScanned({ root });
  expect(await two.replica.takeLeft()).toEqual([]);
  await two.applyOne(writeOf('g', null, 'x'));
  expect(areas(root)).toHaveLength(2);
  await two.replica.close();
  expect(await readAll(one.replica.readKept(outcome.kept?.id as string))).toBe('old');
  // The two do not see each other's areas, only each other's writes.
  await one.replica.drain();
  expect([...one.told.keys()].sort()).toEqual(['f', 'g']);
});

test('what nobody released survives a close', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/f`, 'old');
  const told = await openScanned({ root });
  await told.applyOne(writeOf('f', 'old', 'new'));
  await told.replica.close();
  const [area] = areas(root);
  const long = new Date(Date.now() - 120_000);
  fs.utimesSync(`${root}/${area}`, long, long);
  const next = await openTest({ root });
  expect((await next.replica.takeLeft()).map(({ path }) => path)).toEqual(['f']);
});

test('an area that somebody removed is made anew', async () => {
  const told = await openScanned();
  await told.applyOne(writeOf('f', null, 'x'));
  await told.replica.drain();
  fs.rmSync(`${told.root}/${areas(told.root)[0]}`, { recursive: true });
  expect(await told.applyOne(writeOf('f', 'x', 'y'))).toMatchObject({
    result: 'done',
    kept: { expected: true },
  });
  fs.writeFileSync(`${told.root}/g`, 'z');
  await told.replica.drain();
  expect(told.told.has('g')).toBe(true);
});

/** What was taken from its path in a race and cannot go back is kept, and told as left behind. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { Replica } from './replica.ts';
import { entryOf, faultyFs, openScanned, readAll, removeOf, stagingFiles } from './testing.ts';
import type { ProbePoint } from './work.ts';

async function leftIn(replica: Replica): Promise<Record<string, string>> {
  const left = await replica.takeLeft();
  const found: Record<string, string> = {};
  for (const { id, path } of left) found[path] = await readAll(replica.readKept(id));
  await replica.release(left.map(({ id }) => id));
  return found;
}

test('a directory that was taken away by mistake, when its place is taken', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/p`, 'old');
  fs.writeFileSync(`${root}/.gitignore`, '*.log\n');
  const probe = (point: ProbePoint): void => {
    if (point === 'checked') {
      fs.rmSync(`${root}/p`);
      fs.mkdirSync(`${root}/p/sub`, { recursive: true });
      fs.writeFileSync(`${root}/p/sub/a`, 'only copy');
      fs.writeFileSync(`${root}/p/b.log`, 'none of ours');
    }
    if (point === 'displaced') fs.writeFileSync(`${root}/p`, 'somebody else');
  };
  const { replica, applyOne } = await openScanned({ root, probe });
  expect(await applyOne(removeOf('p', 'old'))).toMatchObject({ result: 'missed' });
  expect(fs.readFileSync(`${root}/p`, 'utf8')).toBe('somebody else');
  expect(await leftIn(replica)).toEqual({ 'p/sub/a': 'only copy' });
  await replica.close();
  // What the rules leave out is not told, and not removed either.
  const [area] = fs.readdirSync(root).filter((name) => name.startsWith('.cai-'));
  const names = fs.readdirSync(`${root}/${area}`, { recursive: true });
  expect(names.filter((name) => String(name).endsWith('b.log'))).toHaveLength(1);
});

test('a file that was taken away by mistake, when its directory is gone', async () => {
  const root = temporaryDirectory();
  fs.mkdirSync(`${root}/d`);
  fs.writeFileSync(`${root}/d/p`, 'old');
  const probe = (point: ProbePoint): void => {
    if (point === 'checked') fs.writeFileSync(`${root}/d/p`, 'only copy');
    if (point === 'displaced') fs.rmdirSync(`${root}/d`);
  };
  const { replica, applyOne } = await openScanned({ root, probe });
  const { result, kept } = await applyOne(removeOf('d/p', 'old'));
  expect(result).toBe('missed');
  expect(await readAll(replica.readKept(String(kept?.id)))).toBe('only copy');
});

test('a move that has to be done by a copy leaves nothing at the old name', async () => {
  for (const why of ['no hard links here', 'it has another name']) {
    const root = temporaryDirectory();
    fs.writeFileSync(`${root}/from`, 'moved');
    if (why === 'it has another name') fs.linkSync(`${root}/from`, `${root}/other`);
    const { fs: port } = faultyFs();
    const { linkSync } = port;
    let once = why === 'no hard links here';
    port.linkSync = (from, to) => {
      if (once) {
        once = false;
        throw Object.assign(new Error('no links'), { code: 'EACCES' });
      }
      linkSync(from, to);
    };
    const { replica, applyOne } = await openScanned({ root, fs: port });
    const entry = entryOf('moved', { mtime: fs.lstatSync(`${root}/from`).mtimeMs });
    const source = { from: 'move', path: 'from' } as const;
    const outcome = await applyOne({ type: 'write', path: 'to', expect: null, entry, source });
    expect(outcome, why).toMatchObject({ result: 'done' });
    expect(fs.readFileSync(`${root}/to`, 'utf8')).toBe('moved');
    expect(fs.existsSync(`${root}/from`), why).toBe(false);
    expect(await leftIn(replica)).toEqual({ from: 'moved' });
    await replica.close();
    expect(fs.readdirSync(root).filter((name) => name.startsWith('.cai-'))).toEqual([]);
  }
});

test('an old name that cannot be taken away is told', async () => {
  for (const hasLinks of [true, false]) {
    const root = temporaryDirectory();
    fs.writeFileSync(`${root}/from`, 'moved');
    const { fs: port } = faultyFs();
    const { linkSync, renameSync } = port;
    const refuse = () => {
      throw Object.assign(new Error('not allowed'), { code: 'EACCES' });
    };
    port.linkSync = (from, to) =>
      !hasLinks && String(from) === `${root}/from` ? refuse() : linkSync(from, to);
    port.renameSync = (from, to) =>
      String(from) === `${root}/from` ? refuse() : renameSync(from, to);
    const { replica, applyOne, told } = await openScanned({ root, fs: port });
    const entry = entryOf('moved', { mtime: fs.lstatSync(`${root}/from`).mtimeMs });
    const source = { from: 'move', path: 'from' } as const;
    await applyOne({ type: 'write', path: 'to', expect: null, entry, source });
    // As the session takes it.
    told.delete('from');
    await replica.drain();
    expect(told.get('from'), `links: ${hasLinks}`).toMatchObject({ digest: entry.digest });
  }
});

test('what stands at the old name of a moved file, when that name is taken', async () => {
  const root = temporaryDirectory();
  fs.writeFileSync(`${root}/from`, 'moved');
  const { fs: port } = faultyFs();
  const { renameSync } = port;
  port.renameSync = (from, to) => {
    const isTakenAway = String(from) === `${root}/from`;
    if (isTakenAway) fs.rmSync(`${root}/from`);
    if (isTakenAway) fs.writeFileSync(`${root}/from`, 'only copy');
    renameSync(from, to);
    if (isTakenAway) fs.writeFileSync(`${root}/from`, 'somebody else');
  };
  const { replica, applyOne } = await openScanned({ root, fs: port });
  const entry = entryOf('moved', { mtime: fs.lstatSync(`${root}/from`).mtimeMs });
  const source = { from: 'move', path: 'from' } as const;
  await applyOne({ type: 'write', path: 'to', expect: null, entry, source });
  expect(fs.readFileSync(`${root}/to`, 'utf8')).toBe('moved');
  expect(fs.readFileSync(`${root}/from`, 'utf8')).toBe('somebody else');
  expect(await leftIn(replica)).toEqual({ from: 'only copy' });
  expect(stagingFiles(root)).toEqual([]);
});

/** The events of own writes cost no look that somebody else has to wait for; nothing of others passes for one. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { FsPort } from './fs-port.ts';
import { diskLines, entryOf, faultyFs, openScanned, toldLines, writeOf } from './testing.ts';

/** In milliseconds, and in the future: however slow the machine is, a file of this time is read once more. */
const lateTime = (Math.floor(Date.now() / 1000) + 3_600) * 1000;

const lateWrite = (path: string, content: string) => {
  const action = writeOf(path, null, content);
  return { ...action, entry: entryOf(content, { mtime: lateTime }) };
};

test('an own write is not read again before a change of somebody else is told, but some time', async () => {
  const faulty = faultyFs();
  let read = 0;
  const told = await openScanned({ fs: faulty.fs });
  await told.applyOne(lateWrite('own', 'written'));
  faulty.fail = (call, path) => {
    if (call === 'openSync' && path.endsWith('/own')) read += 1;
    return undefined;
  };
  fs.writeFileSync(`${told.root}/other`, 'theirs');
  await waitFor(() => told.told.has('other'), { every: 1 });
  expect(read).toBe(0);
  await waitFor(() => read > 0);
  expect(told.changes.map(({ path }) => path)).toEqual(['other']);
});

test('what was renamed over an own write is told', async () => {
  const told = await openScanned();
  await told.applyOne(writeOf('own', null, 'written'));
  told.told.set('own', entryOf('written'));
  fs.writeFileSync(`${told.root}/other`, 'theirs');
  fs.renameSync(`${told.root}/other`, `${told.root}/own`);
  fs.writeFileSync(`${told.root}/later`, 'theirs, too');
  await waitFor(() => told.told.has('later'), { every: 1 });
  expect(toldLines(told.told)).toEqual(diskLines(told.root));
});

/** As if its clock stood still: all that happens to a file bears the same times. */
function stoppedClock(): FsPort {
  const { fs: port } = faultyFs();
  const stop = <T>(stat: T): T =>
    stat instanceof fs.Stats && stat.isFile()
      ? Object.assign(stat, { mtimeMs: lateTime, ctimeMs: lateTime })
      : stat;
  return {
    ...port,
    lstatSync: ((...args: Parameters<FsPort['lstatSync']>) =>
      stop(port.lstatSync(...args))) as FsPort['lstatSync'],
    fstatSync: ((fd: number) => stop(port.fstatSync(fd))) as FsPort['fstatSync'],
  };
}

test('an own write that was taken away, written to and brought back within one tick is told', async () => {
  const aside = temporaryDirectory();
  const told = await openScanned({ fs: stoppedClock() });
  await told.applyOne(lateWrite('own', 'written'));
  fs.renameSync(`${told.root}/own`, `${aside}/own`);
  fs.writeFileSync(`${aside}/own`, 'changed');
  fs.renameSync(`${aside}/own`, `${told.root}/own`);
  await waitFor(() => told.told.has('own'));
  expect(told.told.get('own')).toMatchObject({ digest: entryOf('changed').digest });
});

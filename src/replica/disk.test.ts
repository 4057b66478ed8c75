/** The whole of it: whatever happens on the disk, what is told in the end is what stands there. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { random } from '../../test/support/random.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { perform } from './deeds.fixture.ts';
import { diskLines, openScanned, type TestReplica, toldLines } from './testing.ts';

async function check(told: TestReplica, seed: number): Promise<void> {
  await told.replica.drain();
  expect(toldLines(told.told), `CAI_TEST_SEED=${seed}`).toEqual(diskLines(told.root));
}

test('random histories: after a drain everything is told, in looks at any moment', async () => {
  const chance = random();
  for (let round = 0; round < 12; round += 1) {
    const told = await openScanned();
    for (let step = 0; step < 12; step += 1) {
      perform(told.root, chance, 1 + chance.below(12));
      // Looks come in between at different moments.
      if (chance.below(2) === 0)
        await new Promise((resolve) => setTimeout(resolve, chance.below(6)));
      if (chance.below(3) === 0) await check(told, chance.seed);
    }
    await check(told, chance.seed);
    expect(told.events.filter((event) => event.type !== 'changes')).toEqual([]);
    await told.scan();
    expect(toldLines(told.told), `CAI_TEST_SEED=${chance.seed}`).toEqual(diskLines(told.root));
    await told.replica.close();
  }
});

test('a scan while the disk changes, and the events after it, give the whole', async () => {
  const chance = random();
  const told = await openScanned();
  for (let round = 0; round < 15; round += 1) {
    perform(told.root, chance, 30);
    const scanning = told.scan();
    for (let step = 0; step < 5; step += 1) {
      perform(told.root, chance, 3);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await scanning;
    await check(told, chance.seed);
  }
});

test('a change through one name of a file is told for its other names', async () => {
  const told = await openScanned();
  fs.mkdirSync(`${told.root}/a`);
  fs.mkdirSync(`${told.root}/b`);
  fs.writeFileSync(`${told.root}/a/one`, 'before');
  fs.linkSync(`${told.root}/a/one`, `${told.root}/b/two`);
  await told.replica.drain();
  fs.appendFileSync(`${told.root}/b/two`, ' and after');
  await check(told, 0);
  fs.rmSync(`${told.root}/b/two`);
  fs.appendFileSync(`${told.root}/a/one`, '!');
  await check(told, 0);
});

test('a file that was written through a name which was then taken away', async () => {
  for (const take of ['removed', 'replaced', 'made a directory', 'removed with its directory']) {
    const told = await openScanned();
    const two = `${told.root}/directory/two`;
    fs.mkdirSync(`${told.root}/directory`);
    fs.writeFileSync(`${told.root}/one`, 'before');
    fs.linkSync(`${told.root}/one`, two);
    await told.replica.drain();
    fs.appendFileSync(two, ' and after');
    fs.chmodSync(two, 0o755);
    if (take === 'removed with its directory')
      fs.rmSync(`${told.root}/directory`, { recursive: true });
    else fs.rmSync(two);
    if (take === 'replaced') fs.writeFileSync(two, 'another');
    if (take === 'made a directory') fs.mkdirSync(two);
    await check(told, 0);
  }
});

test('a file that was emptied through one of its names', async () => {
  const told = await openScanned();
  fs.writeFileSync(`${told.root}/one`, 'before');
  fs.linkSync(`${told.root}/one`, `${told.root}/two`);
  await told.replica.drain();
  fs.truncateSync(`${told.root}/one`);
  await check(told, 0);
});

test('a file that got its second name after it was last looked at', async () => {
  const told = await openScanned();
  fs.writeFileSync(`${told.root}/one`, 'before');
  await told.replica.drain();
  fs.linkSync(`${told.root}/one`, `${told.root}/two`);
  await told.replica.drain();
  fs.appendFileSync(`${told.root}/two`, ' and after');
  await check(told, 0);
});

test('a write through a name in a directory that moved at once is told for the other name', async () => {
  const told = await openScanned({ root: temporaryDirectory() });
  fs.mkdirSync(`${told.root}/old`);
  fs.writeFileSync(`${told.root}/file`, 'same');
  fs.linkSync(`${told.root}/file`, `${told.root}/old/name`);
  await check(told, 0);
  const later = new Date(Date.now() + 5_000);
  fs.utimesSync(`${told.root}/old/name`, later, later);
  fs.renameSync(`${told.root}/old`, `${told.root}/new`);
  await check(told, 0);
});

/**
 * Outcomes and events together tell what stands on the disk, whatever others do before, during and after
 * the actions.
 */
import { expect, test } from 'vitest';
import { type Random, random } from '../../test/support/random.ts';
import type { Entry, FileEntry } from '../tree/entry.ts';
import { anyPath, names, perform } from './deeds.fixture.ts';
import type { Action, Outcome } from './replica.ts';
import { diskLines, entryOf, openScanned, type TestReplica, toldLines } from './testing.ts';

const directory = { kind: 'directory', mode: 0o755 } as const;

function take(told: TestReplica['told'], { path, now, result }: Outcome, action?: Action): void {
  if (now === null) told.delete(path);
  else told.set(path, now);
  if (result === 'done' && action?.type === 'write' && action.source.from === 'move')
    told.delete(action.source.path);
}

/** An action as a session plans it: from what it was told. Undefined where it would plan none. */
function anyAction(told: TestReplica['told'], chance: Random): Action | undefined {
  const path = anyPath(chance);
  const expect = told.get(path) ?? null;
  if (expect?.kind === 'blocked') return undefined;
  if (expect !== null && chance.below(3) === 0) return { type: 'remove', path, expect };
  if (expect?.kind === 'directory')
    return { type: 'attributes', path, expect, entry: { ...directory, mode: 0o700 } };
  switch (chance.below(5)) {
    case 0:
      return { type: 'mkdir', path, expect, entry: directory };
    case 1:
      return { type: 'link', path, expect, entry: { kind: 'link', target: chance.pick(names) } };
    case 2:
      return attributesOf(path, expect);
    case 3:
      return moveTo(path, expect, told, chance);
    default: {
      const bytes = Buffer.from(`synced ${chance.below(4)}`);
      const source = { from: 'bytes', bytes } as const;
      return { type: 'write', path, expect, entry: entryOf(bytes), source };
    }
  }
}

function attributesOf(path: string, expect: Entry | null): Action | undefined {
  if (expect?.kind !== 'file') return undefined;
  const entry = { ...expect, executable: true, mode: 0o755, mtime: 1_700_000_000_000 };
  return { type: 'attributes', path, expect, entry };
}

function moveTo(
  path: string,
  expect: Entry | null,
  told: TestReplica['told'],
  chance: Random,
): Action | undefined {
  const files = [...told].filter((one): one is [string, FileEntry] => one[1]?.kind === 'file');
  if (files.length === 0) return undefined;
  const [from, entry] = chance.pick(files);
  if (from === path) return undefined;
  return { type: 'write', path, expect, entry, source: { from: 'move', path: from } };
}

function anyActions(told: TestReplica['told'], chance: Random): Action[] {
  const actions = new Map<string, Action>();
  for (let count = 1 + chance.below(4); count > 0; count -= 1) {
    const action = anyAction(told, chance);
    if (action !== undefined) actions.set(action.path, action);
  }
  return [...actions.values()];
}

test('random histories with actions: outcomes and events together tell what is there', async () => {
  const chance = random();
  const rounds = Number(process.env.CAI_TEST_ROUNDS ?? 40);
  for (let round = 0; round < rounds; round += 1) {
    let root = '';
    const meddle = (): void => {
      if (chance.below(8) === 0) perform(root, chance, 1);
    };
    const one = await openScanned({ probe: meddle });
    root = one.root;
    for (let step = 0; step < 20; step += 1) {
      perform(root, chance, chance.below(6));
      // Looks come in between at different moments.
      if (chance.below(2) === 0) await new Promise((next) => setTimeout(next, chance.below(6)));
      const actions = anyActions(one.told, chance);
      perform(root, chance, chance.below(3));
      const outcomes = await one.replica.apply(actions);
      for (const [at, outcome] of outcomes.entries()) take(one.told, outcome, actions[at]);
      perform(root, chance, chance.below(3));
      if (chance.below(4) > 0) continue;
      await one.replica.drain();
      expect(toldLines(one.told), `CAI_TEST_SEED=${chance.seed}`).toEqual(diskLines(root));
    }
    await one.replica.close();
  }
});

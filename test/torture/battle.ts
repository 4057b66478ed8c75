/**
 * One random history between a directory and a container: waves of writers on both sides, each with
 * something bad happening meanwhile; in the end both trees are the same, no content is lost and
 * nothing is left behind.
 */
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Container, docker } from '../support/container.ts';
import type { Random } from '../support/random.ts';
import { compare, newRoot } from '../support/session.ts';
import { temporaryDirectory } from '../support/tree.ts';
import { type Crew, type Ground, startCrew } from './crew.ts';
import { contentsBelow, judge } from './oracle.ts';
import { type SessionProcess, sessionProcess } from './process.ts';
import { type Figures, isLong } from './rounds.ts';

export interface Field extends Ground {
  readonly session: SessionProcess;
}

export interface Battle {
  readonly container: Container;
  readonly chance: Random;
  readonly waves: number;
  /** Of each of the four writers in each wave. */
  readonly operations: number;
  readonly restUs: number;
  readonly docker?: readonly string[];
  /** What happens during a wave; answers with its name. */
  readonly strike?: (field: Field, chance: Random) => Promise<string>;
  /** Ends what strikes have left behind; after the last wave. */
  readonly calm?: (field: Field) => Promise<void>;
}

export async function fight(battle: Battle): Promise<Figures> {
  const { chance, waves, operations, restUs, strike, calm } = battle;
  const field = await prepare(battle);
  const { session } = field;
  const strikes: Record<string, number> = {};
  try {
    await session.start();
    const crews: Crew[] = [];
    for (let wave = 0; wave < waves; wave += 1) {
      const crew = startCrew(field, chance, { name: `${wave}`, operations, restUs });
      crews.push(crew);
      const what = await duringWave(crew, strike?.(field, chance));
      if (what !== undefined) strikes[what] = (strikes[what] ?? 0) + 1;
    }
    await session.start();
    await calm?.(field);
    await session.settle();
    await compare(field);
    await session.stop();
    const testimonies = (await Promise.all(crews.map((crew) => crew.testimonies()))).flat();
    const writes = judge(testimonies, contentsBelow(field.local), session.history());
    await nothingLeft(field);
    return { writes, ...strikes };
  } catch (error) {
    if (isLong)
      await keepDebris(field).catch((why: unknown) => process.stderr.write(`${String(why)}\n`));
    throw error;
  } finally {
    await clear(field);
  }
}

/** A failure of a long run may not come again: all that is left of it is kept for a look. */
async function keepDebris({ local, notes, container, root, session }: Field): Promise<void> {
  const top = mkdtempSync(join(tmpdir(), 'cai-torture-debris-'));
  cpSync(local, join(top, 'local'), { recursive: true });
  cpSync(notes, join(top, 'notes'), { recursive: true });
  // A session that still runs has sockets there.
  const filter = (path: string) => !lstatSync(path).isSocket();
  cpSync(session.cai.stateDirectory, join(top, 'state'), { recursive: true, filter });
  for (const what of [root, `/notes${root}`])
    await docker(
      ['cp', `${container.name}:${what}`, `${top}/container${what.replaceAll('/', '-')}`],
      {
        anyCode: true,
      },
    );
  process.stderr.write(`what is left of it: ${top}\n`);
}

/** Whatever fails, the writers end first: nobody may write where the ground is cleared. */
async function duringWave(crew: Crew, strike?: Promise<string>): Promise<string | undefined> {
  const [what, ended] = await Promise.allSettled([strike, crew.ended]);
  if (what.status === 'rejected') throw what.reason;
  if (ended.status === 'rejected') throw ended.reason;
  return what.value;
}

async function prepare({ container, docker }: Battle): Promise<Field> {
  const top = temporaryDirectory('cai-torture-');
  const local = join(top, 'local');
  const notes = join(top, 'notes');
  mkdirSync(local);
  mkdirSync(notes);
  const root = await newRoot(container);
  const farNotes = `/notes${root}`;
  await container.exec(['mkdir', '-p', farNotes]);
  const session = sessionProcess({
    local,
    remote: `${container.name}:${root}`,
    options: ['conflicts = "newest"', 'history = { age = "14d", size = "100GiB" }'],
    ...(docker === undefined ? {} : { docker }),
  });
  return { local, notes, container, root, farNotes, session };
}

/** Staging areas end with their session. */
async function nothingLeft({ local, container, root }: Ground): Promise<void> {
  const isStage = (name: string) => name.startsWith('.cai-stage');
  const { stdout } = await container.exec(['ls', '-A', root]);
  expect([...readdirSync(local), ...stdout.split('\n')].filter(isStage)).toEqual([]);
}

async function clear({ local, container, root, farNotes, session }: Field): Promise<void> {
  await session.clear();
  await container.exec(['rm', '-rf', root, farNotes], { anyCode: true });
  rmSync(join(local, '..'), { recursive: true, force: true });
}

/**
 * A hostile agent against the built program (invariant 7): each link brings another lie. Every one is
 * closed with a reason, nothing appears outside of the root or in a protected path, the process stays
 * small, and another session goes on meanwhile.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { describeNeeding } from '../support/needs.ts';
import { linkClient, peakMemory } from '../support/processes.ts';
import type { Random } from '../support/random.ts';
import { portable, snapshot, temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';
import { lies } from './docker/lies.mjs';
import { type Middle, standBetween } from './middle.ts';
import { type SessionProcess, sessionProcess } from './process.ts';
import { type Figures, torture } from './rounds.ts';

/** These wait for deadlines of up to a minute. */
const patient = new Set(['halfFrame', 'mute', 'silent']);
const memoryLimit = 256;

interface Scene {
  readonly top: string;
  readonly local: string;
  readonly far: string;
  readonly middle: Middle;
  readonly session: SessionProcess;
}

function prepare(): Scene {
  const top = temporaryDirectory('cai-hostile-');
  const [local, far, outside] = ['local', 'far', 'outside'].map((name) => join(top, name));
  for (const directory of [local, far, outside]) mkdirSync(String(directory));
  mkdirSync(`${local}/.git/hooks`, { recursive: true });
  writeFileSync(`${local}/.git/config`, '[core]\n');
  mkdirSync(`${local}/kept`);
  for (const name of ['a', 'kept/b', 'c']) writeFileSync(`${local}/${name}`, `${name} as it was`);
  const middle = standBetween(top);
  const session = sessionProcess({
    local: String(local),
    remote: `fake:${far}`,
    docker: middle.command,
    options: ['git = true', 'conflicts = "newest"'],
  });
  return { top, local: String(local), far: String(far), middle, session };
}

/** Edits all the time, so that every lie is asked for something. */
function busyHand(scene: Scene): { stop(): void } {
  let count = 0;
  const timer = setInterval(() => writeFileSync(`${scene.local}/busy`, `${++count}`), 20);
  return { stop: () => clearInterval(timer) };
}

/** All in any order, or a few of those that are over at once. */
function choose(chance: Random, size: 'quick' | 'long'): string[] {
  const names = Object.keys(lies).filter((name) => size === 'long' || !patient.has(name));
  const order = new Map(names.map((name) => [name, chance.next()]));
  names.sort((a, b) => Number(order.get(a)) - Number(order.get(b)));
  return names.slice(0, size === 'long' ? names.length : 8);
}

async function suffer(chance: Random, size: 'quick' | 'long'): Promise<Figures> {
  const scene = prepare();
  const other = bystander(scene.top);
  try {
    const names = choose(chance, size);
    await Promise.all([scene.session.start(), other.session.start()]);
    await scene.session.settle();
    const before = portable(snapshot(scene.local));
    const pid = await scene.session.pid();
    scene.middle.plan(names.map((name) => ({ kind: 'lie', name })));
    process.kill(linkClient(pid) as number, 'SIGKILL');
    const hand = busyHand(scene);
    try {
      for (const [index, name] of names.entries()) {
        // The honest link came first; the one behind the lie shows that the lie has ended.
        const isOver = () => scene.middle.links() > index + 2;
        await waitFor(isOver, {
          what: `the end of the lie ${name}`,
          deadline: patient.has(name) ? 330_000 : 30_000,
        });
      }
    } finally {
      hand.stop();
    }
    await scene.session.settle();
    rmSync(`${scene.local}/busy`);
    await scene.session.settle();
    await expectUnharmed(scene, before);
    expect(await scene.session.pid(), 'the process is the same').toBe(pid);
    expect(peakMemory(pid)).toBeLessThan(memoryLimit);
    await expectReasons(scene, names);
    await other.expectAlive();
    return { lies: names.length };
  } finally {
    await scene.session.clear();
    await other.session.clear();
    rmSync(scene.top, { recursive: true, force: true });
  }
}

async function expectUnharmed(scene: Scene, before: ReturnType<typeof portable>): Promise<void> {
  const { top, local, far } = scene;
  expect(readdirSync(join(top, 'outside'))).toEqual([]);
  const known = ['far', 'far2', 'links', 'local', 'local2', 'outside', 'plan.json'];
  expect(readdirSync(top).sort()).toEqual(known);
  expect(readdirSync(`${local}/.git/hooks`)).toEqual([]);
  expect(readFileSync(`${local}/.git/config`, 'utf8')).toBe('[core]\n');
  const now = portable(snapshot(local));
  const paths = (rows: typeof now) => rows.map(({ path }) => path);
  expect(paths(now)).toEqual(paths(before));
  expect(now).toEqual(before);
  expect(portable(snapshot(far), now)).toEqual(now);
}

/** The link broke once for each lie, and says why. */
async function expectReasons({ session }: Scene, names: readonly string[]): Promise<void> {
  const reasons = (await session.events()).flatMap((event) =>
    event.type === 'state' && event.state === 'disconnected' ? [event.detail ?? ''] : [],
  );
  expect(reasons.filter((reason) => reason.length < 10)).toEqual([]);
  const lied = reasons.filter((reason) => reason.startsWith('The far side sent'));
  expect(lied.length).toBeGreaterThan(names.length * 0.7);
}

/** Another session, of another process, that must not notice. */
function bystander(top: string): { session: SessionProcess; expectAlive(): Promise<void> } {
  const local = join(top, 'local2');
  const far = join(top, 'far2');
  mkdirSync(local);
  mkdirSync(far);
  const session = sessionProcess({ local, remote: far });
  return {
    session,
    async expectAlive() {
      writeFileSync(`${local}/alive`, 'still');
      await waitFor(() => readFileSync(`${far}/alive`, 'utf8') === 'still');
      const states = (await session.events()).flatMap((event) =>
        event.type === 'state' ? [event.state] : [],
      );
      expect(states).not.toContain('disconnected');
    },
  };
}

describeNeeding(['linux'], 'a hostile agent', () => {
  torture({ name: 'hostile', quick: 1, share: 0.15, seconds: 480, round: suffer });
});

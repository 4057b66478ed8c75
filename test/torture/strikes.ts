/** What can happen to a session at any moment, as a person, a machine or a network does it. */
import type { Container } from '../support/container.ts';
import { linkClient } from '../support/processes.ts';
import type { Random } from '../support/random.ts';
import { waitFor } from '../support/wait.ts';
import type { Field } from './battle.ts';
import type { Deed, Middle } from './middle.ts';

export type Strike = (field: Field, chance: Random) => Promise<string>;

/** One strike or another at some moment, then whatever it takes to go on. */
export function anyStrike(middle: Middle): Strike {
  const strikes: readonly Strike[] = [killSession, killAgent, killClient, killContainer];
  const deeds = (chance: Random) => spoilLink(middle, chance);
  return async (field, chance) => {
    const strike = chance.pick([...strikes, deeds(chance), deeds(chance)]);
    await pause(chance.below(1_500));
    return strike(field, chance);
  };
}

async function killSession({ session }: Field, chance: Random): Promise<string> {
  await session.kill();
  await pause(chance.below(300));
  await session.start();
  return 'session killed';
}

/** By its command line: writers are `node` too. */
const findAgent = `
const fs = require('node:fs');
for (const pid of fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
  try {
    const line = fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0');
    if (line[0] === 'node' && line.includes('-e')) process.kill(Number(pid), 'SIGKILL');
  } catch {}
}`;

async function killAgent({ container }: Field): Promise<string> {
  await container.exec(['node', '-'], { input: findAgent });
  return 'agent killed';
}

async function killClient({ session }: Field): Promise<string> {
  const client = linkClient(await session.pid());
  if (client !== undefined) process.kill(client, 'SIGKILL');
  return 'client killed';
}

async function killContainer({ container, session }: Field, chance: Random): Promise<string> {
  await container.kill();
  await pause(chance.below(500));
  await container.start();
  await untilUp(container);
  await untilLinked(session);
  return 'container killed';
}

async function untilUp(container: Container): Promise<void> {
  const answers = async () => (await container.exec(['true'], { anyCode: true })).code === 0;
  await waitFor(answers, { what: 'the container' });
}

async function untilLinked(session: Field['session']): Promise<void> {
  const isUp = async () => (await session.status()).link !== undefined;
  await waitFor(isUp, { what: 'the link', deadline: 60_000, every: 100 });
}

/** The present link is cut, so that the next ones are spoilt. */
function spoilLink(middle: Middle, chance: Random): Strike {
  const deeds = Array.from({ length: 1 + chance.below(4) }, () => anyDeed(chance));
  return async (field) => {
    middle.plan(deeds);
    await killClient(field);
    // Some of them wait for more to pass than there is now; they strike later.
    await untilLinked(field.session);
    return `link ${deeds.map(({ kind }) => kind)[0]}`;
  };
}

/**
 * From now on links are honest, and the present one, on which something may wait to strike, is cut: what an
 * agent keeps while its link breaks at the very end is for the next session, and nowhere until then.
 */
export async function makePeace(middle: Middle, field: Field): Promise<void> {
  middle.plan([]);
  await killClient(field);
  await untilLinked(field.session);
}

function anyDeed(chance: Random): Deed {
  const kind = chance.pick(['cut', 'cut', 'delay', 'repeat', 'drop', 'swap'] as const);
  switch (kind) {
    case 'cut':
      // The agent itself takes some 200,000 bytes.
      return { kind, bytes: chance.below(chance.pick([1_000, 250_000, 500_000])) };
    case 'delay':
      return { kind, ms: 1 + chance.below(60) };
    default:
      return { kind, frame: chance.below(chance.pick([8, 60])) };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

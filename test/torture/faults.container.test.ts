/**
 * Random histories with a real container while everything around them breaks: the session, the agent,
 * the engine's client and the container are killed, links are cut, late, and lose or repeat frames.
 */
import { beforeAll } from 'vitest';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { temporaryDirectory } from '../support/tree.ts';
import { fight } from './battle.ts';
import { standBetween } from './middle.ts';
import { torture } from './rounds.ts';
import { anyStrike, makePeace } from './strikes.ts';

describeNeeding(['docker', 'git', 'linux'], 'random histories while everything breaks', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  torture({
    name: 'faults',
    quick: 1,
    share: 0.35,
    seconds: 300,
    round: (chance, size) => {
      const middle = standBetween(temporaryDirectory('cai-middle-'), ['docker']);
      return fight({
        container,
        chance,
        waves: size === 'long' ? 6 : 2,
        operations: 1_500,
        restUs: chance.pick([500, 2_000]),
        docker: middle.command,
        strike: anyStrike(middle),
        calm: (field) => makePeace(middle, field),
      });
    },
  });
});

/** Several writers on both sides of a real container, through the built program: nothing is lost. */
import { beforeAll } from 'vitest';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { fight } from './battle.ts';
import { torture } from './rounds.ts';

describeNeeding(['docker', 'git', 'linux'], 'random histories with a container', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  torture({
    name: 'histories',
    quick: 1,
    share: 0.4,
    seconds: 240,
    round: (chance, size) =>
      fight({
        container,
        chance,
        waves: size === 'long' ? 3 : 1,
        operations: size === 'long' ? 8_000 : 1_000,
        restUs: chance.pick([0, 300, 1_500]),
      }),
  });
});

/** Mutagen with its own defaults, with a daemon of its own. */
import { join } from 'node:path';
import type { Pair } from '../pair.ts';
import type { Peer, Running } from '../peer.ts';
import { run, versionOf } from '../processes.ts';

export const mutagen: Peer = {
  name: 'mutagen',
  forms: ['container', 'directories'],
  twoWay: true,
  version: () => versionOf('mutagen', ['version']),
  start,
};

async function start({ form, local, remote, top }: Pair): Promise<Running> {
  process.env.MUTAGEN_DATA_DIRECTORY = join(top, 'mutagen');
  const target = form === 'container' ? `docker://${remote.replace(':', '')}` : remote;
  await run('mutagen', ['daemon', 'start']);
  await run('mutagen', ['sync', 'create', '--name', 'bench', local, target]);
  await run('mutagen', ['sync', 'flush', 'bench']);
  return {
    stop: async () => {
      await run('mutagen', ['sync', 'terminate', 'bench']);
      await run('mutagen', ['daemon', 'stop']);
    },
  };
}

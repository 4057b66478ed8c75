/** rsync, run once for each change, as people do by hand or from a watcher; with deletion, one way. */
import type { Pair } from '../pair.ts';
import type { Peer, Running } from '../peer.ts';
import { run, versionOf } from '../processes.ts';

export const rsync: Peer = {
  name: 'rsync -a',
  forms: ['container', 'directories'],
  twoWay: false,
  version: () => versionOf('rsync', ['--version']),
  start,
};

async function start({ form, local, remote }: Pair): Promise<Running> {
  // `docker exec -i CONTAINER rsync --server …`, as rsync's own remote shell.
  const shell = form === 'container' ? ['--blocking-io', '-e', 'docker exec -i'] : [];
  const once = async () => {
    await run('rsync', ['-a', '--delete', ...shell, `${local}/`, `${remote}/`]);
  };
  await once();
  return { nudge: once, stop: async () => {} };
}

/** Unison between two directories; it watches where its monitor is installed, else it looks every second. */
import { join } from 'node:path';
import type { Pair } from '../pair.ts';
import type { Peer, Running } from '../peer.ts';
import { background, run, versionOf } from '../processes.ts';

export const unison: Peer = {
  name: 'unison',
  // Through a container it would have to be in the image, in the same version.
  forms: ['directories'],
  twoWay: true,
  version: () => versionOf('unison', ['-version']),
  start,
};

async function start({ local, remote, top }: Pair): Promise<Running> {
  process.env.UNISON = join(top, 'unison');
  const common = [local, remote, '-batch', '-auto', '-ui', 'text', '-silent'];
  await run('unison', common);
  const monitor = await versionOf('which', ['unison-fsmonitor']);
  const repeat = monitor === undefined ? '1' : 'watch';
  const { end } = background('unison', [...common, '-repeat', repeat], {
    UNISON: join(top, 'unison'),
  });
  return { stop: end };
}

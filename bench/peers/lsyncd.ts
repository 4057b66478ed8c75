/** lsyncd between two directories, one way, with rsync and the shortest delay it takes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pair } from '../pair.ts';
import type { Peer, Running } from '../peer.ts';
import { background, run, versionOf } from '../processes.ts';

export const lsyncd: Peer = {
  name: 'lsyncd',
  forms: ['directories'],
  twoWay: false,
  version: () => versionOf('lsyncd', ['--version']),
  start,
};

async function start({ local, remote, top }: Pair): Promise<Running> {
  const settings = join(top, 'lsyncd.lua');
  const [source, target] = [local, remote].map((path) => JSON.stringify(path));
  writeFileSync(
    settings,
    `settings { nodaemon = true, inotifyMode = "CloseWrite or Modify" }
sync { default.rsync, source = ${source}, target = ${target}, delay = 0, delete = true }\n`,
  );
  await run('rsync', ['-a', `${local}/`, `${remote}/`]);
  const { end } = background('lsyncd', [settings]);
  return { stop: end };
}

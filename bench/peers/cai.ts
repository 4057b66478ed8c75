/** cai itself, as its users run it: `cai watch -d`, so that the session is a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SessionStatus } from '../../src/control/api.ts';
import type { Pair } from '../pair.ts';
import type { Peer, Processes, Running, Usage } from '../peer.ts';
import { childrenOf, costOf, run, versionOf, writtenBy } from '../processes.ts';

// The bundle of the bench lies in dist/bench/.
const program = fileURLToPath(new URL('../cai.js', import.meta.url));

export const cai: Peer = {
  name: 'cai',
  forms: ['container', 'directories'],
  twoWay: true,
  version: () => versionOf(process.execPath, [program, '--version']),
  start,
};

async function start(pair: Pair): Promise<Running> {
  process.env.CAI_STATE_DIR = join(pair.top, 'state');
  await run(process.execPath, [program, 'watch', '-d', pair.local, pair.remote, '--name', 'bench']);
  return {
    usage: () => usage(pair),
    processes: () => processes(pair),
    settle: async () => {
      await run(process.execPath, [program, 'flush', 'bench', '--timeout', '300']);
    },
    stop: async () => {
      await run(process.execPath, [program, 'unwatch', 'bench']);
    },
  };
}

/** Several sessions of one local directory. */
export async function startSeveral(place: {
  readonly local: string;
  readonly state: string;
  readonly fars: readonly { readonly address: string }[];
}): Promise<Pick<Running, 'stop'>> {
  process.env.CAI_STATE_DIR = place.state;
  const stop = async () => {
    await run(process.execPath, [program, 'unwatch', '--all']);
  };
  try {
    for (const [at, { address }] of place.fars.entries())
      await run(process.execPath, [
        program,
        'watch',
        '-d',
        place.local,
        address,
        '--name',
        `bench-${at}`,
      ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** Its events from now on, a JSON object a line. */
export function follow(): ChildProcess {
  const args = [program, 'logs', 'bench', '-f', '--json'];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
}

async function processes({ form, remote }: Pair): Promise<Processes> {
  const answer = await run(process.execPath, [program, 'status', 'bench', '--json']);
  const { pid } = [JSON.parse(answer)].flat()[0] as SessionStatus;
  if (pid === undefined) throw new Error('the session has no process');
  if (form === 'directories') return { host: pid };
  const client = childrenOf(pid).find(({ command }) => command.includes('exec'));
  return {
    host: pid,
    agent: await agentOf(remote.split(':')[0] as string),
    ...(client === undefined ? {} : { link: client.pid }),
  };
}

async function usage(pair: Pair): Promise<Usage> {
  const { host, agent, link } = await processes(pair);
  return {
    host: costOf(host),
    ...(agent === undefined ? {} : { agent: costOf(agent) }),
    ...(link === undefined ? {} : { linkBytes: writtenBy(link) }),
  };
}

/** The agent's process as the host sees it: of the container's node processes the one with the most memory. */
async function agentOf(container: string): Promise<number> {
  const lines = (await run('docker', ['top', container, '-o', 'pid,rss'])).trim().split('\n');
  const rows = lines.slice(1).map((line) => line.trim().split(/\s+/).map(Number));
  rows.sort((a, b) => (b[1] ?? 0) - (a[1] ?? 0));
  return rows[0]?.[0] ?? 0;
}

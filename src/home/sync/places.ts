/** Are we in a container with a data volume, and since when is it there? Anywhere else `cai sync` refuses. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { agentData, agentHome } from '../../docker/agent-places.ts';
import { CaiError } from '../../errors.ts';

export interface SyncPlaces {
  readonly home: string;
  readonly data: string;
  /** When the container was made, in milliseconds; files from before came with its image. */
  readonly made: number;
}

/** Throws USAGE outside a container, and where no volume is mounted. */
export function containerPlaces(): SyncPlaces {
  const mounts = readMounts();
  if (!isContainer(mounts))
    throw refusal('This is no container.', 'Run it inside: `docker exec CONTAINER cai sync`.');
  if (!mounts.some(({ point }) => point === agentData))
    throw refusal(
      `No data volume is mounted at ${agentData}.`,
      'Start the container with `cai run`, or mount a volume there.',
    );
  return { home: agentHome, data: agentData, made: madeAt() };
}

function refusal(message: string, next: string): CaiError {
  return new CaiError('USAGE', `${message} \`cai sync\` works in a container with a data volume.`, {
    next,
  });
}

interface MountPoint {
  readonly point: string;
  readonly type: string;
}

/** Without a readable list nothing is believed. */
function readMounts(): readonly MountPoint[] {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter((parts) => parts.length > 6)
      .map((parts) => ({
        point: (parts[4] as string).replace(/\\040/g, ' '),
        type: parts[parts.indexOf('-') + 1] ?? '',
      }));
  } catch {
    return [];
  }
}

const marks = ['/.dockerenv', '/run/.containerenv'];

/** By what engines leave there; a variable of the environment would be no proof. */
function isContainer(mounts: readonly MountPoint[]): boolean {
  if (marks.some((path) => existsSync(path))) return true;
  return mounts.some(({ point, type }) => point === '/' && type === 'overlay');
}

function madeAt(): number {
  const mark = marks.find((path) => existsSync(path));
  return statSync(mark ?? '/proc/1').mtimeMs;
}

/**
 * Whose a staging area is: several sessions may share one root, and only what a dead one left may be
 * taken. A process that can be seen is asked for; one that cannot (another container on the same
 * volume) counts as dead when it has not touched its mark for a while.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { FsPort } from './fs-port.ts';

export const ownerFile = 'owner';
/** How often a living owner touches its mark, and how old the mark of a dead one is. */
export const touchEvery = 20_000;
const deadAfter = 60_000;

export interface Owner {
  readonly pid: number;
  /** When the process started, as the system counts; '' where that cannot be known. */
  readonly started: string;
  /** Its owner has ended and left what it kept to the next one. */
  readonly left?: true;
  /** Where the pid means something: this boot, this pid namespace. */
  readonly where: string;
  /** Id of the container in which it runs, where it was told. */
  readonly container?: string;
}

/** The name of the variable in which an agent is told the id of its container. */
export const containerVariable = 'CAI_CONTAINER';

export function thisOwner(): Owner {
  const container = process.env[containerVariable];
  return {
    pid: process.pid,
    started: startOf(process.pid),
    where: whereabouts(),
    ...(container === undefined ? {} : { container }),
  };
}

/** `now` is the file system's present time, so that no other clock is compared with it. */
export function isDead(fs: FsPort, directory: string, now: number): boolean {
  const mark = `${directory}/${ownerFile}`;
  let owner: Partial<Owner> = {};
  let touched: number;
  try {
    touched = fs.lstatSync(mark).mtimeMs;
    owner = JSON.parse(fs.readFileSync(mark, 'utf8')) as Partial<Owner>;
  } catch {
    touched = fs.lstatSync(directory).mtimeMs;
  }
  if (owner.left === true) return true;
  if (owner.where !== whereabouts() || typeof owner.pid !== 'number')
    return isOfEarlierRun(owner) || now - touched > deadAfter;
  return !isAlive(owner.pid) || (owner.started !== '' && owner.started !== startOf(owner.pid));
}

/** A container has one pid namespace for as long as it runs: all of its processes ended with the earlier one. */
function isOfEarlierRun({ container }: Partial<Owner>): boolean {
  return container !== undefined && container === process.env[containerVariable];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks; the start time is the 20th field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Dead, but nobody has asked how it ended: common in containers, whose first process is no init.
    if (fields[0] === 'Z' || fields[0] === 'X') return 'dead';
    return fields[19] ?? '';
  } catch {
    return '';
  }
}

function whereabouts(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

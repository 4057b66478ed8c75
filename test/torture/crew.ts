/**
 * Several writers at once on both sides, each in a thread or a process of its own, so that races are
 * real. Their logs are files that outlive them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Container, Output } from '../support/container.ts';
import type { Random } from '../support/random.ts';
import type { WriterOptions } from '../support/writer.ts';
import { writerProgram, writerThread } from '../support/writer.ts';
import { readTestimony, type Testimony } from './oracle.ts';

export interface Ground {
  readonly local: string;
  readonly container: Container;
  /** Root in the container. */
  readonly root: string;
  /** Directory on this machine for logs and repositories, and one in the container. */
  readonly notes: string;
  readonly farNotes: string;
}

export interface Crew {
  /** Resolves or fails when every writer has ended, by itself or because its container was killed. */
  readonly ended: Promise<void>;
  /** What they say; after they have ended, with the container running. */
  testimonies(): Promise<Testimony[]>;
}

/** Writers of one side share no first names, so that each knows what it replaced. */
const firstNames = [
  ['a', 'b'],
  ['c', 'd', 'e'],
];

export interface Work {
  /** First part of the names of these writers; unique in a history. */
  readonly name: string;
  readonly operations: number;
  readonly restUs: number;
}

export function startCrew(ground: Ground, chance: Random, work: Work): Crew {
  const { local, container, root, notes, farNotes } = ground;
  const optionsOf = (side: 'l' | 'c', first: readonly string[], index: number): WriterOptions => {
    const name = `${work.name}${side}${index}`;
    const directory = side === 'l' ? notes : farNotes;
    return {
      ...work,
      name,
      root: side === 'l' ? local : root,
      seed: chance.below(2 ** 32),
      names: ['a', 'b', 'c'],
      first,
      logFile: `${directory}/${name}.log`,
      repository: `${directory}/${name}.git`,
    };
  };
  const near = firstNames.map((first, index) => optionsOf('l', first, index));
  const far = firstNames.map((first, index) => optionsOf('c', first, index));
  const ended = allEnded([
    ...near.map(inThread),
    ...far.map((options) => inContainer(container, options)),
  ]);
  return {
    ended,
    async testimonies() {
      const nearLogs = near.map(({ name }) => readFileSync(join(notes, `${name}.log`), 'utf8'));
      const farLogs = await Promise.all(
        far.map(async ({ logFile }) => {
          // A container that was killed at once may never have begun to write.
          const { stdout } = await container.exec(['cat', String(logFile)], { anyCode: true });
          return stdout;
        }),
      );
      return [...nearLogs, ...farLogs].map(readTestimony);
    },
  };
}

/** Unlike Promise.all, fails only when all have ended. */
async function allEnded(writers: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(writers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

function inThread(options: WriterOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(writerThread(), { eval: true, workerData: options });
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
}

async function inContainer(container: Container, options: WriterOptions): Promise<void> {
  const input = writerProgram(options);
  const output = await container.exec(['node', '-'], { input, anyCode: true });
  if (output.code === 0 || isKilledWithContainer(output)) return;
  throw new Error(`a writer ended with ${output.code}: ${output.stderr}`);
}

/** While it ran (137), while the engine set it up (126), or before that. A failure of its own is 1. */
function isKilledWithContainer({ code, stderr }: Output): boolean {
  return code === 137 || code === 126 || /is not running/.test(stderr);
}

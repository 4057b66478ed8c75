/** Rows: 1 MB changed inside a 256 MB file, each way and in twenty such files at once, beside rsync itself. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SessionEvent } from '../../src/control/api.ts';
import { pause } from '../measure.ts';
import type { Pair } from '../pair.ts';
import type { Running } from '../peer.ts';
import { follow } from '../peers/cai.ts';
import { run, writtenBy } from '../processes.ts';

const mib = 1024 * 1024;
export const fileBytes = 256 * mib;
const editBytes = 1_000_000;
const deadlineMs = 300_000;

/** Writes a file of random bytes, which no program can make smaller. */
export function writeRandom(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  for (let done = 0; done < bytes; done += mib) writeSync(file, randomBytes(mib));
  closeSync(file);
}

/** Writes other bytes into the middle of a file; returns when that began, milliseconds since 1970. */
function editHere(path: string, at: number): number {
  const start = Date.now();
  const file = openSync(path, 'r+');
  writeSync(file, randomBytes(editBytes), 0, editBytes, 50 * mib + at * 7 * mib);
  closeSync(file);
  return start;
}

/** The same in the container; the time is the one right after, so that starting `docker exec` does not count. */
async function editThere({ remote }: Pair, name: string, at: number): Promise<number> {
  const [container, root] = remote.split(':') as [string, string];
  const script = `head -c ${editBytes} /dev/urandom > /tmp/edit; b=$(date +%s%3N); dd if=/tmp/edit of="$0" conv=notrunc bs=1M seek=${50 + at * 7} 2> /dev/null; echo $b`;
  return Number(await run('docker', ['exec', container, 'sh', '-c', script, `${root}/${name}`]));
}

/** When the last of these files has arrived, milliseconds since 1970; `then` is called at that moment. */
function arrival(names: readonly string[], then: () => void = () => undefined): Arrival {
  const missing = new Set(names);
  const since = Date.now();
  const child = follow();
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const time = new Promise<number>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`${[...missing].join(', ')} did not arrive`)),
      deadlineMs,
    );
    lines.on('line', (line) => {
      const event = JSON.parse(line) as SessionEvent;
      if (event.type !== 'transfer' || event.time < since) return;
      missing.delete(event.transfer.path);
      if (missing.size > 0) return;
      clearTimeout(late);
      then();
      child.kill();
      resolve(event.transfer.time);
    });
  });
  return { time };
}

interface Arrival {
  readonly time: Promise<number>;
}

interface DeltaResult {
  readonly ms: number[];
  /** Through the link, both ways, until the file was there. */
  readonly bytes: number[];
  /** And afterwards: the version before, for the history. */
  readonly after: number[];
}

/** One file, several times. */
export async function deltaRow(
  pair: Pair,
  running: Running,
  { on, name, times }: { on: 'local' | 'container'; name: string; times: number },
): Promise<DeltaResult> {
  const result: DeltaResult = { ms: [], bytes: [], after: [] };
  const link = (await running.processes?.())?.link ?? process.pid;
  for (let at = 0; at < times; at += 1) {
    let there = 0;
    const arrived = arrival([name], () => {
      there = writtenBy(link);
    });
    await pause(1000);
    const before = writtenBy(link);
    const start =
      on === 'local' ? editHere(join(pair.local, name), at) : await editThere(pair, name, at);
    result.ms.push((await arrived.time) - start);
    result.bytes.push(there - before);
    await running.settle?.();
    result.after.push(writtenBy(link) - there);
  }
  return result;
}

/** All of the files edited at once. */
export async function manyDeltasRow(pair: Pair, names: readonly string[]): Promise<number> {
  const arrived = arrival(names);
  await pause(500);
  const start = Date.now();
  for (const name of names) editHere(join(pair.local, name), 20);
  const ms = (await arrived.time) - start;
  return ms;
}

/** What rsync itself takes for the same, into another directory of the container. */
export async function rsyncDeltaRow(pair: Pair, name: string, times: number): Promise<number[]> {
  const [container, root] = pair.remote.split(':') as [string, string];
  const to = `${container}:${root}-rsync/`;
  const once = () =>
    run('rsync', ['-a', '--blocking-io', '-e', 'docker exec -i', join(pair.local, name), to]);
  await once();
  const values: number[] = [];
  for (let at = 0; at < times; at += 1) {
    editHere(join(pair.local, name), at);
    const start = performance.now();
    await once();
    values.push(performance.now() - start);
  }
  return values;
}

/** The most memory that a process ever had, in bytes. */
export function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

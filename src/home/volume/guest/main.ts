/**
 * The helper's program: serves one volume over standard input and output until the host goes away. It
 * runs as root in a container of its own, with nothing in reach but the volume. An error ends it.
 */
import * as fs from 'node:fs';
import { agentUser } from '../../../docker/agent-places.ts';
import { CaiError, toCaiError } from '../../../errors.ts';
import type { VolumeEntry } from '../entry.ts';
import { dataFrame, maxData, messageFrame, readFrames, violation } from '../frames.ts';
import {
  type Answer,
  batch,
  mountPoint,
  type Request,
  type ResultList,
  type WritePart,
} from '../protocol.ts';
import { readContent } from './contents.ts';
import { createParentCheck } from './disk.ts';
import { createInbox } from './inbox.ts';
import { type Plan, planWrite } from './plan.ts';
import { openStage } from './stage.ts';
import { carryOut, recover } from './switch.ts';
import { digestOf, entryAt, walk } from './walk.ts';

const root = process.argv[2] ?? mountPoint;
const options = { root, fs };
const inbox = createInbox(readFrames(process.stdin));
const busyMs = 2000;
let lastSent = Date.now();
let gathered: Buffer[] = [];
let gatheredBytes = 0;

// When nobody listens any more, what was begun is still brought to its end.
process.stdout.on('error', () => {});

serve()
  .catch((thrown: unknown) => tell({ error: toCaiError(thrown).toJSON() }))
  .finally(() => process.exit());

async function serve(): Promise<void> {
  await tell({ ready: recover(options) });
  for (;;) {
    const request = await nextMessage<Request>();
    if (request === undefined) return;
    if (request.op === 'list') await list(request.digests);
    else if (request.op === 'read') await read(request.paths);
    else if (request.op === 'write') await write(request.dryRun);
    else throw violation('an unknown request');
  }
}

async function nextMessage<T>(): Promise<T | undefined> {
  const frame = await inbox.next();
  if (frame === undefined) return undefined;
  if (frame.kind !== 'message') throw violation('content where a request is due');
  return frame.value as T;
}

async function list(digests: boolean): Promise<void> {
  let entries: VolumeEntry[] = [];
  for (const entry of walk(root)) {
    const digest = digests && entry.kind === 'file' ? digestOf(`${root}/${entry.path}`) : undefined;
    // A file that went away while its turn came is not there.
    if (digests && entry.kind === 'file' && digest === undefined) continue;
    entries.push(digest === undefined ? entry : ({ ...entry, digest } as VolumeEntry));
    if (entries.length >= batch || Date.now() - lastSent > busyMs) {
      await tell({ entries });
      entries = [];
    }
  }
  await tell({ entries });
  await tell({ done: { unchanged: 0 } });
}

async function read(paths: readonly string[]): Promise<void> {
  const real = createParentCheck(root);
  for (const path of paths) {
    const entry = real(path) ? entryAt(root, path) : undefined;
    if (entry === undefined) await tell({ missing: path, why: 'it is gone' });
    else if (entry.kind === 'file') await readFile(entry);
    else await tell({ entry });
  }
  await tell({ done: { unchanged: 0 } });
}

async function readFile(entry: VolumeEntry): Promise<void> {
  let begun = false;
  try {
    await readContent(root, entry, {
      entry: (found) => {
        begun = true;
        return tell({ entry: found });
      },
      data: (bytes) => send(dataFrame(bytes)),
      end: (end) => tell({ end }),
    });
  } catch (error) {
    if (begun) throw error;
    await tell({ missing: entry.path, why: (error as Error).message });
  }
}

async function write(dryRun: boolean): Promise<void> {
  const stage = openStage(root);
  try {
    const remove: string[] = [];
    for (;;) {
      const frame = await inbox.next();
      if (frame === undefined) throw hostIsGone();
      if (frame.kind === 'data') {
        stage.data(frame.bytes);
        continue;
      }
      const part = frame.value as WritePart;
      if ('entry' in part) stage.add(part.entry);
      else if ('remove' in part) remove.push(...part.remove);
      else break;
    }
    await tell({ busy: true });
    const plan = planWrite(root, stage.end(), remove);
    if (dryRun || plan.steps.length === 0) return await answer(plan, []);
    await tell({ busy: true });
    stage.makeDurable();
    await tell({ busy: true });
    await answer(plan, commit(plan));
  } finally {
    // With a journal in it the area is not ours to clear: the next to come goes on with it.
    if (!fs.existsSync(`${root}/.cai-volume/journal`)) stage.drop();
  }
}

function commit(plan: Plan): readonly string[] {
  const { uid, gid } = fs.lstatSync(root);
  // A volume that no container has used yet belongs to root; the user `agent` is to work in it.
  if (uid === 0 && gid === 0) fs.chownSync(root, agentUser.uid, agentUser.gid);
  return carryOut(plan.steps, options);
}

async function answer(plan: Plan, leftDirectories: readonly string[]): Promise<void> {
  const left = new Set(leftDirectories);
  const lists: Readonly<Record<ResultList, readonly string[]>> = {
    ...plan.lists,
    removed: plan.lists.removed.filter((path) => !left.has(path)),
    leftDirectories,
  };
  for (const [part, paths] of Object.entries(lists))
    for (let at = 0; at < paths.length; at += batch)
      await tell({ part: part as ResultList, paths: paths.slice(at, at + batch) });
  await tell({ done: { unchanged: plan.unchanged } });
}

/** Whatever the host may be waiting for goes out at once; the parts of a long answer are gathered. */
function tell(message: Answer): Promise<void> {
  const urgent = 'done' in message || 'busy' in message || 'error' in message || 'ready' in message;
  return send(messageFrame(message), urgent);
}

async function send(bytes: Buffer, urgent = false): Promise<void> {
  gathered.push(bytes);
  gatheredBytes += bytes.length;
  if (!urgent && gatheredBytes < maxData && Date.now() - lastSent < busyMs) return;
  const all = Buffer.concat(gathered);
  gathered = [];
  gatheredBytes = 0;
  lastSent = Date.now();
  await new Promise<void>((resolve) => {
    process.stdout.write(all, () => resolve());
  });
  // A pipe takes what it is given at once: without this, nothing would be heard of the host meanwhile.
  await new Promise((resolve) => setImmediate(resolve));
  if (inbox.hasEnded() && !urgent) throw hostIsGone();
}

function hostIsGone(): CaiError {
  return new CaiError('CANCELLED', 'The host went away before all was done.');
}

/**
 * The agent's loop: serves a replica to whoever calls. The host is trusted, yet everything it sends is
 * checked as strictly, so that a mistake there cannot become a write outside of the root here.
 */
import { createHash } from 'node:crypto';
import { linkFault } from '../tree/link.ts';
import { createPartSender, sendParts } from './agent-parts.ts';
import type { Handlers, ServedCall } from './peer.ts';
import type {
  Kept,
  Observation,
  Outcome,
  ReadResult,
  Replica,
  ReplicaOptions,
  ScanSummary,
} from './replica.ts';
import {
  cutByCost,
  encodeKept,
  encodeOutcomes,
  encodeReadResults,
  encodeRows,
  keptCost,
  outcomeCost,
  rowCost,
  textCost,
} from './wire.ts';
import { checkActions } from './wire-apply.ts';
import {
  checkArray,
  checkBoolean,
  checkCount,
  checkDigest,
  checkKeptId,
  checkPath,
} from './wire-check.ts';

/** Milliseconds between two signs of progress of a scan that has no rows to tell. */
const tickMs = 200;
const noBytes = new Uint8Array(0);

export interface ServedReplica {
  readonly handlers: Handlers;
  /** True while the replica keeps, or may be about to keep, what the host has not released. */
  keeps(): boolean;
}

export function serveReplica(replica: Replica): ServedReplica {
  const kept = new Set<string>();
  const inOrder = createQueue();
  let applying = 0;
  const keeps = (): boolean => applying > 0 || kept.size > 0;
  const handlers: Handlers = {
    configure: ({ data }) => replica.configure(data as ReplicaOptions),
    scan: (call) => scan(replica, call),
    drain: ({ signal }) => replica.drain(signal),
    look: ({ data }) => replica.look(checkArray(data).map(checkPath)),
    readSmall: (call) => readSmall(replica, call),
    read: (call) => call.send(replica.read(fileOf(call.data), call.signal)),
    stage: (call) => replica.stage(stagedOf(call.data), call.upload, call.signal),
    rsync: () => replica.rsync(),
    serveRsync: (call) => serveRsync(replica, call),
    openIntake: ({ data }) => openIntake(replica, data),
    closeIntake: ({ data }) => {
      const [id, take] = checkArray(data, 2);
      return replica.closeIntake(checkKeptId(id), checkBoolean(take));
    },
    unstage: ({ data }) => replica.unstage(checkKeptId(data)),
    apply: async (call) => {
      applying += 1;
      return inOrder(() => apply(replica, call, kept)).finally(() => {
        applying -= 1;
      });
    },
    readKept: (call) => call.send(replica.readKept(checkKeptId(call.data))),
    release: (call) => release(replica, call, kept),
    takeLeft: async (call) => {
      const left = await replica.takeLeft();
      for (const { id } of left) kept.add(id);
      await sendKept(call, left);
    },
    flush: ({ data }) => replica.flush({ everything: data === true }),
    // Closing removes what is kept; what the host has not fetched stays for the next agent (invariant 1).
    close: async () => {
      if (!keeps()) await replica.close();
    },
  };
  return { handlers, keeps };
}

/** One after the other, whatever became of the one before. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const run = last.then(work, work);
    last = run.catch(() => {});
    return run;
  };
}

async function scan(replica: Replica, call: ServedCall): Promise<Omit<ScanSummary, 'secrets'>> {
  const [rawPath, contents] = checkArray(call.data, 2);
  let progress = { files: 0, bytes: 0 };
  let ticked = performance.now();
  const rows = createPartSender<Observation>({
    call,
    cost: rowCost,
    encode: (items) => {
      const { data, bytes } = encodeRows(items);
      return { data: { rows: data, ...progress }, bytes };
    },
  });
  const { secrets, ...summary } = await replica.scan({
    ...(rawPath === '' ? {} : { path: checkPath(rawPath) }),
    contents: checkBoolean(contents),
    onRows: (batch) => rows.add(batch),
    onProgress: (now) => {
      progress = now;
      if (performance.now() - ticked < tickMs) return;
      ticked = performance.now();
      rows.tick();
    },
    signal: call.signal,
  });
  await rows.end();
  await sendParts(
    {
      call,
      cost: textCost,
      encode: (paths) => ({ data: { secrets: paths }, bytes: noBytes }),
    },
    secrets,
  );
  return summary;
}

async function readSmall(replica: Replica, call: ServedCall): Promise<void> {
  const sender = createPartSender<ReadResult>({
    call,
    cost: (result) => (result.ok ? result.bytes.length + 10 : textCost(result.error.message) + 40),
    encode: encodeReadResults,
  });
  const files = checkArray(call.data).map((value) => {
    const [path, digest] = checkArray(value, 2);
    return { path: checkPath(path), digest: checkDigest(digest) };
  });
  // A few at a time: their contents are in memory until the host has them.
  for (let at = 0; at < files.length; at += 32) {
    await sender.add(await replica.readSmall(files.slice(at, at + 32)));
  }
  await sender.end();
}

function fileOf(data: unknown): { path: string; digest: string; size: number } {
  const [path, digest, size] = checkArray(data, 3);
  return { path: checkPath(path), digest: checkDigest(digest), size: checkCount(size) };
}

function stagedOf(data: unknown): { id: string; digest: string; size: number; path: string } {
  const [id, ...file] = checkArray(data, 4);
  const [digest, size, path] = file;
  return { id: checkKeptId(id), ...fileOf([path, digest, size]) };
}

async function serveRsync(replica: Replica, call: ServedCall): Promise<void> {
  const [args, intake, kept] = checkArray(call.data, 3);
  const wanted = {
    args: checkArray(args, 100).map(String),
    ...(intake === null ? {} : { intake: checkKeptId(intake) }),
    ...(kept === null ? {} : { kept: checkKeptId(kept) }),
  };
  await call.send(replica.serveRsync(wanted, call.upload, call.signal));
}

async function openIntake(replica: Replica, data: unknown): Promise<void> {
  const [id, rows] = checkArray(data, 2);
  await replica.openIntake(checkKeptId(id), checkArray(rows).map(stagedOf), () => undefined);
}

/**
 * The outcomes are the answer itself, all of them where they fit one message: what happens after the
 * apply is told after them, and nothing comes in between.
 */
async function apply(replica: Replica, call: ServedCall, kept: Set<string>): Promise<unknown> {
  const done = await replica.apply(checkActions(call.data, call.bytes));
  const outcomes = done.map((outcome) => {
    if (outcome.kept === undefined) return outcome;
    kept.add(outcome.kept.id);
    return { ...outcome, kept: harmless(outcome.kept) };
  });
  const parts = [...cutByCost(outcomes, outcomeCost)];
  const last = parts.pop() ?? [];
  await sendParts<Outcome>({ call, cost: outcomeCost, encode: encodeOutcomes }, parts.flat());
  return encodeOutcomes(last).data;
}

async function release(replica: Replica, call: ServedCall, kept: Set<string>): Promise<void> {
  const ids = checkArray(call.data).map(checkKeptId);
  const back = await replica.release(ids);
  for (const id of ids) kept.delete(id);
  for (const { id } of back) kept.add(id);
  await sendKept(call, back);
}

function sendKept(call: ServedCall, items: readonly Kept[]): Promise<void> {
  return sendParts(
    {
      call,
      cost: keptCost,
      encode: (part) => ({ data: part.map(encodeKept), bytes: noBytes }),
    },
    items.map(harmless),
  );
}

/**
 * A link that may not travel can still be displaced by a race. The host must never have it as a link;
 * it gets the target as a file's content, which is what reading the kept link gives.
 */
function harmless(kept: Kept): Kept {
  const { path, entry } = kept;
  if (entry.kind !== 'link' || linkFault(path, entry.target) === undefined) return kept;
  const content = Buffer.from(entry.target);
  const digest = createHash('sha256').update(content).digest('hex');
  const file = { digest, size: content.length, executable: false, mode: 0o600, mtime: 0 };
  return { ...kept, entry: { kind: 'file', ...file } };
}

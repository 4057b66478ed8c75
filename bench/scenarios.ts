/** Which rows are measured on which tree: a tree is made once and serves several rows. */
import { join } from 'node:path';
import { fanOut } from './fan-out.ts';
import { listFiles, writeFiles } from './files.ts';
import type { Measure, RowName } from './measure.ts';
import type { Form, Pair } from './pair.ts';
import { openPair } from './pair.ts';
import type { Peer, Running } from './peer.ts';
import { run } from './processes.ts';
import { moveRow, rewriteRow } from './rows/bulk.ts';
import { editRow } from './rows/edits.ts';
import { idleRow } from './rows/idle.ts';
import {
  deltaRow,
  fileBytes,
  manyDeltasRow,
  peakOf,
  rsyncDeltaRow,
  writeRandom,
} from './rows/large-files.ts';

/** How much is done; --quick does less of all. */
export interface Scale {
  readonly edits: number;
  readonly bulk: number;
  readonly firstSyncs: number;
  readonly largeFiles: number;
  readonly idleMs: number;
  readonly deltas: number;
  readonly manyDeltas: number;
}

export const fullScale: Scale = {
  edits: 200,
  bulk: 7,
  firstSyncs: 5,
  largeFiles: 100_000,
  idleMs: 60_000,
  deltas: 5,
  manyDeltas: 20,
};

export const quickScale: Scale = {
  edits: 20,
  bulk: 3,
  firstSyncs: 1,
  largeFiles: 20_000,
  idleMs: 10_000,
  deltas: 3,
  manyDeltas: 20,
};

export type Tell = (row: RowName, values: readonly number[]) => void;

export interface Scenario {
  readonly name: string;
  readonly isFor: (peer: Peer) => boolean;
  readonly run: (input: ScenarioInput) => Promise<void>;
}

interface ScenarioInput {
  readonly peer: Peer;
  readonly form: Form;
  readonly scale: Scale;
  readonly tell: Tell;
}

export const scenarios: readonly Scenario[] = [
  { name: 'small', isFor: () => true, run: small },
  { name: 'first-sync', isFor: ({ name }) => name !== 'lsyncd', run: firstSync },
  { name: 'large', isFor: ({ name }) => name === 'cai', run: large },
  { name: 'fan-out', isFor: ({ name }) => name === 'cai', run: several },
  { name: 'bulk', isFor: ({ name }) => name === 'cai', run: bulk },
  { name: 'delta', isFor: ({ name }) => name === 'cai', run: delta },
];

/** Runs a scenario for a peer; what it measures. */
export async function runScenario(
  scenario: Scenario,
  input: Omit<ScenarioInput, 'tell'>,
): Promise<Measure[]> {
  const measures: Measure[] = [];
  const tell: Tell = (row, values) => {
    if (values.length > 0) measures.push({ row, form: input.form, peer: input.peer.name, values });
  };
  await scenario.run({ ...input, tell });
  return measures;
}

/** 4,000 files: 2,000 small ones, which are edited and rewritten, and 2,000 of 20 kB, which are moved. */
async function small({ peer, form, scale, tell }: ScenarioInput): Promise<void> {
  const source = listFiles('src', 2000);
  const assets = listFiles('assets', 2000).map(({ path }) => ({ path, size: 20_000 }));
  const files = [...source, ...assets];
  await withRunning(
    { peer, form, fill: (root) => writeFiles(root, files, 'first') },
    async (pair, running) => {
      const times = scale.edits;
      tell('edit-4k →', await editRow(pair, running, { on: 'local', files: source, times }));
      if (peer.twoWay)
        tell('edit-4k ←', await editRow(pair, running, { on: 'container', files: source, times }));
      tell('rewrite', await rewriteRow(pair, running, { files: source, times: scale.bulk }));
      const moved = await moveRow(pair, running, {
        files: assets,
        times: scale.bulk,
        top: 'assets',
      });
      tell('move', moved.times);
      tell('move-bytes', moved.bytes);
    },
  );
}

/** 20,000 small files to an empty side, until the tool says that it is done. */
async function firstSync({ peer, form, scale, tell }: ScenarioInput): Promise<void> {
  const values: number[] = [];
  for (let at = 0; at < scale.firstSyncs; at += 1) {
    const fill = (root: string) => writeFiles(root, listFiles('src', 20_000), `run ${at}`);
    const ms = await withRunning({ peer, form, fill }, async (_pair, _running, started) => started);
    values.push(ms);
  }
  tell('first-sync', values);
}

/** The same edits in a large tree, and the cost of watching it. */
async function large({ peer, form, scale, tell }: ScenarioInput): Promise<void> {
  const files = listFiles('src', scale.largeFiles);
  await withRunning(
    { peer, form, fill: (root) => writeFiles(root, files, 'first') },
    async (pair, running) => {
      const idle = await idleRow(running, scale.idleMs);
      if (idle !== undefined) {
        tell('idle-cpu', [idle.cpu]);
        tell('idle-rss', [idle.rss]);
        tell('idle-rss-agent', idle.agentRss === undefined ? [] : [idle.agentRss]);
      }
      const times = scale.edits;
      tell('edit-100k →', await editRow(pair, running, { on: 'local', files, times }));
      tell('edit-100k ←', await editRow(pair, running, { on: 'container', files, times }));
    },
  );
}

/** One local directory and sixteen others: an edit on any of them, until all have it. */
async function several({ form, scale, tell }: ScenarioInput): Promise<void> {
  const { fromLocal, fromContainer } = await fanOut(form, scale.edits);
  tell('fan-out →', fromLocal);
  tell('fan-out ←', fromContainer);
}

/** 100,000 files of 3.3 kB into an empty container, and beside it `rsync -a` between two directories. */
async function bulk({ peer, form, scale, tell }: ScenarioInput): Promise<void> {
  if (form !== 'container') return;
  const files = listFiles('src', scale.largeFiles).map(({ path }, at) => ({
    path,
    size: 200 + ((at * 7919) % 6200),
  }));
  const own: number[] = [];
  const fill = (root: string) => writeFiles(root, files, 'bulk');
  const copy = async ({ local, top }: Pair, name: string) => {
    const start = performance.now();
    await run('rsync', ['-a', `${local}/`, `${join(top, name)}/`]);
    own.push(performance.now() - start);
  };
  // Nothing is removed before all is measured: ext4 is slow to give out inodes that were freed just now.
  const ms = await withRunning(
    { peer, form, fill, before: (pair) => copy(pair, 'copy-1') },
    async (pair, _running, started) => {
      await copy(pair, 'copy-2');
      return started;
    },
  );
  tell('bulk', [ms]);
  tell('bulk-rsync', own);
}

/** 1 MB changed inside a file of 256 MiB, each way; then in twenty such files at once. */
async function delta({ peer, form, scale, tell }: ScenarioInput): Promise<void> {
  if (form !== 'container') return;
  const name = 'image-0.raw';
  const fill = (root: string) => writeRandom(join(root, name), fileBytes);
  await withRunning({ peer, form, fill }, async (pair, running) => {
    const times = scale.deltas;
    const there = await deltaRow(pair, running, { on: 'local', name, times });
    tell('delta →', there.ms);
    tell('delta-bytes →', there.bytes);
    tell('delta-after', there.after);
    const back = await deltaRow(pair, running, { on: 'container', name, times });
    tell('delta ←', back.ms);
    tell('delta-bytes ←', back.bytes);
    tell('delta-rsync', await rsyncDeltaRow(pair, name, times));
    await running.settle?.();
    const names = Array.from({ length: scale.manyDeltas }, (_, at) => `image-${at}.raw`);
    for (const each of names.slice(1)) writeRandom(join(pair.local, each), fileBytes);
    await running.settle?.();
    tell('delta-20', [await manyDeltasRow(pair, names)]);
    const { host, agent } = (await running.processes?.()) ?? {};
    if (host !== undefined) tell('delta-20-host', [peakOf(host)]);
    if (agent !== undefined) tell('delta-20-agent', [peakOf(agent)]);
  });
}

interface Setting {
  readonly before?: (pair: Pair) => Promise<void>;
  readonly peer: Peer;
  readonly form: Form;
  readonly fill: (root: string) => void;
}

/** A pair with the tool running on it; `startedMs` is what its start and first sync took. */
async function withRunning<T>(
  { peer, form, fill, before }: Setting,
  body: (pair: Pair, running: Running, startedMs: number) => Promise<T>,
): Promise<T> {
  const pair = await openPair(form);
  if (pair === undefined) throw new Error('no container can be started');
  try {
    fill(pair.local);
    await before?.(pair);
    const start = performance.now();
    const running = await peer.start(pair);
    const startedMs = performance.now() - start;
    try {
      return await body(pair, running, startedMs);
    } finally {
      await running.stop();
    }
  } finally {
    await pair.close();
  }
}

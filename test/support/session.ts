/**
 * A session between a temporary directory and one in a container, started and steered through the
 * command; ended with its test. `same()` is what every scenario ends with: after a flush both whole
 * trees are equal at once.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { HistoryRow } from '../../src/cli/render-history.ts';
import type { FlushResult, SessionEvent, SessionStatus } from '../../src/control/api.ts';
import type { ErrorJson } from '../../src/errors.ts';
import type { Cai, RunOptions } from './cai.ts';
import { complaint, newCai } from './cai.ts';
import type { Container, Output } from './container.ts';
import { tarOf } from './tar.ts';
import type { Made, Row } from './tree.ts';
import { makeTree, portable, snapshot, snapshotInContainer, temporaryDirectory } from './tree.ts';
import { waitFor } from './wait.ts';

type Spec = Readonly<Record<string, Made>>;
export type PortableRow = ReturnType<typeof portable>[number];

export interface Watched {
  readonly cai: Cai;
  readonly name: string;
  readonly local: string;
  readonly container: Container;
  /** Root in the container. */
  readonly root: string;
  /** Makes files on the local side. */
  put(spec: Spec): void;
  /** Makes files in the container. */
  putFar(spec: Spec): Promise<void>;
  /** Runs a shell script in the container, in the root. */
  far(script: string, ...args: string[]): Promise<string>;
  status(): Promise<SessionStatus>;
  /** Runs `cai flush`; fails unless it ends with `code`. */
  flush(code?: number): Promise<FlushResult>;
  /** Flushes, compares the trees completely, and answers with what they hold. */
  same(): Promise<PortableRow[]>;
  history(path?: string): Promise<HistoryRow[]>;
  logged(): Promise<SessionEvent[]>;
  /** Waits until the status is like that. */
  until(
    what: string,
    condition: (status: SessionStatus) => boolean,
    deadline?: number,
  ): Promise<SessionStatus>;
}

export interface WatchOptions extends RunOptions {
  /** Default a new temporary directory. */
  readonly local?: string;
  /** Default a new directory of the container; one that is named must be there. */
  readonly root?: string;
  readonly cai?: Cai;
  readonly args?: readonly string[];
}

/** Runs `cai watch -d`, which returns once both sides were the same. */
export async function watch(container: Container, options: WatchOptions = {}): Promise<Watched> {
  const { local = temporaryDirectory(), args = [], cai = newCai() } = options;
  const root = options.root ?? (await newRoot(container));
  endSessionsOf(cai);
  const command = ['watch', local, `${container.name}:${root}`, '-d', ...args];
  const started = await cai.json<SessionStatus>(command, options);
  return watched({ cai, name: started.name, local, container, root });
}

let roots = 0;

/** A new empty directory in a container. */
export async function newRoot(container: Container): Promise<string> {
  roots += 1;
  const root = `/w/${roots}`;
  await container.exec(['mkdir', '-p', root]);
  return root;
}

export interface Refused {
  /** Exit code. */
  readonly code: number;
  readonly error: ErrorJson;
  readonly cai: Cai;
}

/** Runs `cai watch ARGS`, in the foreground and with -d, which must both end at once with the same error. */
export async function refused(args: readonly string[], cai: Cai = newCai()): Promise<Refused> {
  endSessionsOf(cai);
  const shown = await refusal(cai, args);
  expect(await refusal(cai, [...args, '-d'])).toEqual(shown);
  return { ...shown, cai };
}

async function refusal(cai: Cai, args: readonly string[]): Promise<Omit<Refused, 'cai'>> {
  const output = await cai.run(['watch', ...args, '--json'], { seconds: 40 });
  const { code, stdout } = output;
  if (!stdout.includes('{\n')) throw new Error(complaint(['watch', ...args, '--json'], output));
  // In the foreground events, one a line, may stand before it.
  const { error } = JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as { error: ErrorJson };
  return { code, error };
}

/** Whatever else becomes of a test, no process of it stays; an end that fails fails the test. */
export function endSessionsOf(cai: Cai): void {
  onTestFinished(async () => {
    const output = await cai.run(['unwatch', '--all']);
    if (output.code !== 0) throw new Error(complaint(['unwatch', '--all'], output));
    const said = crashReports(cai);
    if (said !== '') throw new Error(`a session's process said: ${said}`);
  });
}

/** What processes in the background wrote besides the error that a start ends with: only crashes do. */
function crashReports(cai: Cai): string {
  const sessions = join(cai.stateDirectory, 'sessions');
  if (!existsSync(sessions)) return '';
  const texts = readdirSync(sessions).map((id) => {
    const path = join(sessions, id, 'stderr.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  });
  return texts.filter((text) => text !== '' && !text.startsWith('{"error"')).join('');
}

function watched(place: Pick<Watched, 'cai' | 'name' | 'local' | 'container' | 'root'>): Watched {
  const { cai, name, local, container, root } = place;
  const status = async (): Promise<SessionStatus> => {
    const output = await cai.run(['status', name, '--json']);
    return JSON.parse(output.stdout) as SessionStatus;
  };
  const flush = (code = 0) => cai.json<FlushResult>(['flush', name], { code });
  return {
    ...place,
    put: (spec) => makeTree(local, spec),
    putFar: (spec) => fill(container, root, spec),
    async far(script, ...args) {
      const command = ['sh', '-ec', `cd "$0"; ${script}`, root, ...args];
      return (await container.exec(command)).stdout;
    },
    status,
    flush,
    async same() {
      await flush();
      return compare(place);
    },
    history: (path) =>
      cai.json(['history', ...(path === undefined ? [] : [path]), '--name', name], { cwd: local }),
    async logged() {
      const output: Output = await cai.run(['logs', name, '--json']);
      return output.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as SessionEvent);
    },
    async until(what, condition, deadline = 30_000) {
      let last: SessionStatus | undefined;
      return waitFor(
        async () => {
          last = await status();
          if (condition(last)) return last;
          throw new Error(`last status: ${JSON.stringify(last)}`);
        },
        { what, deadline, every: 50 },
      );
    },
  };
}

/** Both trees (or those of their paths that count), which must be equal; what they hold. */
export async function compare(
  { local, container, root }: Pick<Watched, 'local' | 'container' | 'root'>,
  counts: (row: PortableRow) => boolean = () => true,
): Promise<PortableRow[]> {
  const near = portable(snapshot(local)).filter(counts);
  const far = portable(await snapshotInContainer(container, root), near).filter(counts);
  expect(byPath(far)).toEqual(byPath(near));
  return near;
}

/** By path, a difference is shown as one of a path and not of all rows behind it. */
function byPath(rows: readonly Omit<Row, 'mode'>[]): Record<string, Omit<Row, 'mode'>> {
  return Object.fromEntries(rows.map((row) => [row.path, row]));
}

/** Makes files in a container, names and times included. */
export async function fill(
  container: Container,
  root: string,
  spec: Spec,
  names: 'utf8' | 'latin1' = 'utf8',
): Promise<void> {
  const dir = temporaryDirectory();
  makeTree(dir, spec, names);
  const script = 'mkdir -p "$0" && tar -x --no-same-owner -f - -C "$0"';
  await container.exec(['sh', '-c', script, root], { input: tarOf(dir) });
}

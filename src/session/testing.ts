/** For tests: a session between two temporary directories, through the real loop. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { portable, snapshot, temporaryDirectory } from '../../test/support/tree.ts';
import type { SessionEvent, SessionOptions, SessionRecord } from '../control/api.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { FileSystems, Session } from './session.ts';
import { startSession } from './session.ts';

export const testOptions: SessionOptions = {
  mode: 'two-way',
  localChanges: 'live',
  ignore: [],
  allow: [],
  gitignore: true,
  git: false,
  modes: 'portable',
  conflicts: 'merge',
  conflictRules: [],
  mergeBudget: 256 * 1024 ** 2,
  settleMs: 2,
  settleMaxMs: 100,
  maxFileSize: 4 * 1024 ** 3,
  history: { maxAgeMs: 14 * 24 * 3600_000, maxBytes: 1024 ** 3 },
  holds: { files: 50, share: 0.25 },
};

export interface Pair {
  readonly local: string;
  readonly container: string;
  readonly state: string;
  readonly session: Session;
  readonly store: Store;
  readonly events: SessionEvent[];
  /** Everything is over and both trees are the same. */
  same(): Promise<void>;
  stop(): Promise<void>;
}

export interface PairInput {
  readonly options?: Partial<SessionOptions>;
  /** Directories of an earlier pair, to go on with. */
  readonly again?: Pick<Pair, 'local' | 'container' | 'state'>;
  readonly fs?: FileSystems;
  /** By which the container's directory is reached, as `ssh://HOST`; this machine when left out. */
  readonly far?: string;
  /** The store in the place of the real one. */
  readonly store?: (real: Store) => Store;
  /** Fills the two directories before the session starts. */
  readonly fill?: (local: string, container: string) => void;
}

export async function startPair(input: PairInput = {}): Promise<Pair> {
  const top = input.again === undefined ? temporaryDirectory() : '';
  const { local, container, state } = input.again ?? {
    local: join(top, 'local'),
    container: join(top, 'container'),
    state: join(top, 'state'),
  };
  if (input.again === undefined) for (const directory of [local, container]) mkdirSync(directory);
  input.fill?.(local, container);
  const options = { ...testOptions, ...input.options };
  const address = `${input.far ?? ''}${container}`;
  const names = { id: 'test', name: 'test', created: 0 };
  const record: SessionRecord = { ...names, local, container: address, options };
  const limits = options.history;
  const store = openStore({
    directory: state,
    limits: { maxAge: limits.maxAgeMs, maxBytes: limits.maxBytes },
    textBudget: options.mergeBudget,
  });
  const { fs = {}, store: instead = (real) => real } = input;
  const starting = startSession({ record, store: instead(store), fs });
  starting.catch(() => store.close());
  const session = await starting;
  const events: SessionEvent[] = [];
  session.onEvent((event) => events.push(event));
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await session.stop();
    store.close();
  };
  onTestFinished(stop);
  const same = async () => {
    await session.flush({ timeoutMs: 20_000 });
    const wanted = portable(snapshot(local));
    expect(portable(snapshot(container), wanted)).toEqual(wanted);
  };
  return { local, container, state, session, store, events, same, stop };
}

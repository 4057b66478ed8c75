/**
 * What the bot remembers over a restart, one small file for each bot. An update is written down as taken before
 * anything is done for it: whatever happens then, it is not done twice.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../control/json-file.ts';
import { stateDirectory } from '../control/state-dir.ts';
import { CaiError, toCaiError } from '../errors.ts';

interface State {
  readonly version: 1;
  /** The last update that was taken, and when. */
  readonly last?: { readonly id: number; readonly time: number };
  /** Updates that were taken lately: ids may start anywhere after a quiet week. */
  readonly taken: readonly number[];
  /** What was begun and is not answered. */
  readonly begun: readonly Begun[];
  readonly users: readonly { readonly id: number; readonly name: string }[];
  readonly strangers: readonly number[];
  /** What was told by itself. */
  readonly told: readonly string[];
}

export interface Begun {
  readonly update: number;
  readonly chat: number;
  readonly text: string;
}

export interface Memory {
  readonly file: string;
  /** From which update on to ask; undefined: whatever Telegram has. */
  offset(): number | undefined;
  /** False when it was taken before. Durable when it returns. */
  take(update: number): boolean;
  /** An update that nothing is done for: it is not worth a write. */
  skip(update: number): void;
  begin(begun: Begun): void;
  finish(update: number): void;
  /** What an earlier process began; empty from then on. */
  takeBegun(): readonly Begun[];
  isUser(id: number): boolean;
  users(): readonly number[];
  addUser(id: number, name: string): void;
  isStranger(id: number): boolean;
  addStranger(id: number): void;
  isTold(key: string): boolean;
  addTold(keys: readonly string[]): void;
}

const maxTaken = 500;
const maxTold = 2000;
const maxStrangers = 5000;
/** Telegram chooses a new start for update ids after a week without any. */
const maxOffsetAgeMs = 6 * 24 * 3600 * 1000;

const empty: State = { version: 1, taken: [], begun: [], users: [], strangers: [], told: [] };

export function openMemory(bot: number, now: () => number = Date.now): Memory {
  const directory = join(stateDirectory(), 'telegram');
  const file = join(directory, `${bot}.json`);
  let state = load(directory, file);
  const save = (changes: Partial<State>): void => {
    const next = { ...state, ...changes };
    try {
      writeJson(file, next);
    } catch (cause) {
      throw broken(file, cause);
    }
    // What could not be written did not happen: an update is not taken then, and comes again.
    state = next;
  };
  return {
    file,
    offset() {
      const { last } = state;
      return last === undefined || now() - last.time > maxOffsetAgeMs ? undefined : last.id + 1;
    },
    take(update) {
      if (state.taken.includes(update)) return false;
      const taken = [...state.taken, update].slice(-maxTaken);
      save({ taken, last: { id: update, time: now() } });
      return true;
    },
    skip(update) {
      state = { ...state, last: { id: update, time: now() } };
    },
    begin: (begun) => save({ begun: [...state.begun, begun].slice(-100) }),
    finish(update) {
      if (!state.begun.some((one) => one.update === update)) return;
      save({ begun: state.begun.filter((one) => one.update !== update) });
    },
    takeBegun() {
      const { begun } = state;
      if (begun.length > 0) save({ begun: [] });
      return begun;
    },
    isUser: (id) => state.users.some((user) => user.id === id),
    users: () => state.users.map(({ id }) => id),
    addUser(id, name) {
      const strangers = state.strangers.filter((one) => one !== id);
      save({ users: [...state.users, { id, name }], strangers });
    },
    isStranger: (id) => state.strangers.length >= maxStrangers || state.strangers.includes(id),
    addStranger: (id) => save({ strangers: [...state.strangers, id] }),
    isTold: (key) => state.told.includes(key),
    addTold(keys) {
      if (keys.length > 0) save({ told: [...state.told, ...keys].slice(-maxTold) });
    },
  };
}

function load(directory: string, file: string): State {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = readJson(file) as Partial<State> | undefined;
    if (found === undefined) return empty;
    if (found.version === 1) return { ...empty, ...found };
  } catch (cause) {
    throw broken(file, cause);
  }
  throw broken(file, new Error('it was written by another version'));
}

function broken(file: string, cause: unknown): CaiError {
  return new CaiError('STATE', `The bot's memory cannot be used: ${toCaiError(cause).message}`, {
    path: file,
    next: 'Make it usable, or move it away: the bot then forgets who was paired.',
    cause,
  });
}

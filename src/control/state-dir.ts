/**
 * Where sessions are remembered. Everything below `sessions/` is for its owner alone (0700): it
 * holds the contents of synchronised files.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stateDirectory } from '../config/state-dir.ts';
import { CaiError, toCaiError } from '../errors.ts';

export { stateDirectory };

/** The directory that holds one directory a session. */
export function sessionsDirectory(): string {
  return join(stateDirectory(), 'sessions');
}

/** The directory of one session: its record, base, history, contents and log. */
export function sessionDirectory(id: string): string {
  return join(sessionsDirectory(), id);
}

/** Makes a session's directory, and those above it, when they are missing. */
export function makeSessionDirectory(id: string): string {
  const directory = sessionDirectory(id);
  try {
    // Only what is made here gets the mode: a state directory that exists belongs to its user.
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CaiError(
      'STATE',
      `The state directory cannot be used: ${toCaiError(error).message}`,
      {
        path: stateDirectory(),
        next: 'Make it writable, or name another one with CAI_STATE_DIR.',
        cause: error,
      },
    );
  }
  return directory;
}

/** Two sides to synchronise: a local directory, and a fresh container or a second directory. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../src/cli/demo-command.ts';
import { openFarSide } from '../src/cli/demo-far.ts';
import type { Puppet } from '../src/cli/demo-puppet.ts';
import { localPuppet } from '../src/cli/demo-puppet.ts';
import type { Side } from '../src/tree/path.ts';

export type Form = 'container' | 'directories';

export interface Pair {
  readonly form: Form;
  readonly local: string;
  /** CONTAINER:/PATH, or the second directory. */
  readonly remote: string;
  /** For the peers' own files. */
  readonly top: string;
  readonly puppets: Readonly<Record<Side, Puppet>>;
  close(): Promise<void>;
}

/** The tests' image has rsync, which the demonstration's own one lacks. */
const imageWithRsync = 'cai-test-node:1';

/** Sees to it that containers are made from an image with rsync, where there is one and no other was asked for. */
export async function preferImageWithRsync(): Promise<void> {
  const { ok } = await runCommand('docker', ['image', 'inspect', imageWithRsync]);
  if (ok) process.env.BASE_IMAGE ??= imageWithRsync;
}

let inMemory = false;

/** All trees are made in memory from now on: what is left is the work of the programs, not of a disk. */
export function useMemory(): void {
  process.env.TMPDIR = '/dev/shm';
  inMemory = true;
}

/** Opens a pair; undefined when it was to be a container and there can be none. */
export async function openPair(form: Form): Promise<Pair | undefined> {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'cai-bench-')));
  const local = join(top, 'local');
  mkdirSync(local);
  const far = await openFarSide({
    top,
    keep: false,
    signal: new AbortController().signal,
    say: (line) => process.stderr.write(`${line}\n`),
    args: inMemory ? ['--tmpfs', '/workspace:exec'] : [],
    withoutContainer: form === 'directories',
  });
  const close = async () => {
    await far.close({ keep: false });
    rmSync(top, { recursive: true, force: true, maxRetries: 3 });
  };
  if (form === 'container' && far.form !== 'container') {
    await close();
    return undefined;
  }
  const puppets = { local: localPuppet(local), container: far.puppet };
  return { form, local, remote: far.address, top, puppets, close };
}

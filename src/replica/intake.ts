/**
 * A place in the staging area into which another program (rsync) brings files under their paths. What it
 * left there counts for nothing until it is looked at: each file that was announced must be one, reached
 * through directories only, of its size and digest; then it is staged like any other content, and
 * everything else is removed (invariants 1, 2 and 7).
 */
import { CaiError } from '../errors.ts';
import { type Path, parentPath } from '../tree/path.ts';
import type { Area } from './area.ts';
import { digestLong } from './digest.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { type Following, follow } from './follow.ts';
import type { Content } from './replica.ts';
import type { Staged } from './staged.ts';

export interface Intakes {
  /** Answers with its place on the disk. `onTooMuch`: a file grew beyond its announced size. */
  open(id: string, contents: readonly Content[], onTooMuch: () => void): string;
  /** The place of an open one, for a program that writes there until `done`; it must end when it is told to. */
  use(id: string, signal: AbortSignal | undefined): Use;
  /** Ends it, once the program has ended; answers with the ids of the contents that are staged now. */
  close(id: string, take: boolean): Promise<readonly string[]>;
  closeAll(): Promise<void>;
}

interface Use {
  readonly root: string;
  readonly signal: AbortSignal;
  done(): void;
}

interface Intake {
  readonly abort: AbortController;
  readonly uses: Promise<void>[];
  readonly disk: Disk;
  readonly contents: readonly Content[];
  readonly following: Following;
}

export function createIntakes(disk: Disk, area: Area, staged: Staged): Intakes {
  const intakes = new Map<string, Intake>();
  const close = async (id: string, take: boolean): Promise<readonly string[]> => {
    const intake = intakes.get(id);
    if (intake === undefined) return [];
    intakes.delete(id);
    const taken: string[] = [];
    // What is looked at below must not be written to any more.
    intake.abort.abort();
    await Promise.all(intake.uses);
    try {
      const digests = await intake.following.stop();
      if (!take) return taken;
      const real = new Set<Path>();
      for (const content of intake.contents) {
        if (!(await isRight(intake, content, digests, real))) continue;
        const at = `${area.open()}/${area.next('new')}`;
        disk.fs.renameSync(diskPath(intake.disk, content.path), at);
        staged.adopt(content, at);
        taken.push(content.id);
      }
      return taken;
    } finally {
      disk.fs.rmSync(intake.disk.root, { recursive: true, force: true });
    }
  };
  return {
    open(id, contents, onTooMuch) {
      if (intakes.has(id)) throw new CaiError('PROTOCOL', 'An intake is open already.');
      const root = `${area.open()}/${area.next('new')}`;
      disk.fs.mkdirSync(root, { mode: 0o700 });
      const inside = { fs: disk.fs, root };
      const following = follow(inside, contents, onTooMuch);
      const abort = new AbortController();
      intakes.set(id, { disk: inside, contents, following, abort, uses: [] });
      return root;
    },
    use(id, signal) {
      const intake = intakes.get(id);
      if (intake === undefined) throw new CaiError('PROTOCOL', 'An intake is not open.');
      const { abort } = intake;
      signal?.addEventListener('abort', () => abort.abort());
      if (signal?.aborted) abort.abort();
      let done = (): void => undefined;
      intake.uses.push(
        new Promise((resolve) => {
          done = resolve;
        }),
      );
      return { root: intake.disk.root, signal: abort.signal, done: () => done() };
    },
    close,
    closeAll: async () => {
      for (const id of [...intakes.keys()]) await close(id, false);
    },
  };
}

/** `digests`: what was digested while it came, right if nothing was written twice. */
async function isRight(
  { disk }: Intake,
  { path, size, digest }: Content,
  digests: ReadonlyMap<Path, string>,
  real: Set<Path>,
): Promise<boolean> {
  if (!isReal(disk, parentPath(path), real)) return false;
  const at = diskPath(disk, path);
  const stat = disk.fs.lstatSync(at, { throwIfNoEntry: false });
  // One with another name could be changed through that later.
  if (!stat?.isFile() || stat.nlink !== 1 || stat.size !== size) return false;
  if (digests.get(path) === digest) return true;
  const found = await digestLong(disk.fs, at, stat);
  return found.ok && found.digest === digest;
}

function isReal(disk: Disk, path: Path, real: Set<Path>): boolean {
  if (path === '' || real.has(path)) return true;
  if (!isReal(disk, parentPath(path), real)) return false;
  const stat = disk.fs.lstatSync(diskPath(disk, path), { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return false;
  real.add(path);
  return true;
}

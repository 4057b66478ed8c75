/**
 * From hints to events: waits until it is quiet, looks, and tells what is different. Paths that vanish
 * wait a little longer, so that a mass removal arrives in few events and a move as one.
 */
import type { Path } from '../tree/path.ts';
import { type Batch, lookAtHints, tellAbsent } from './batch.ts';
import { diskPath } from './disk-path.ts';
import { createHints, type Hint, type Hints } from './hints.ts';
import type { Lock } from './lock.ts';
import type { Found } from './look.ts';
import { type FileNode, lookOf, pathOf } from './nodes.ts';
import { tellOwed } from './owed.ts';
import { indexByInode } from './picture.ts';
import type { Observation } from './replica.ts';
import { startSlice } from './slice.ts';
import { createSlowLooks } from './slow-looks.ts';
import { tellChanges } from './telling.ts';
import { adopt, bytesToTell, type View } from './view.ts';
import { retry, walk } from './walk.ts';

/** Quiet that shows a mass removal to be over, and how long it is waited for. */
const removalQuiet = 20;
const removalMax = 300;
/** While others go on writing there is always something to look at. */
const finishRounds = 3;

export interface Looking {
  readonly hints: Hints;
  /** Goes on with what was hinted at while nothing could be looked at. */
  resume(): void;
  /** Looks at everything hinted so far and has told it when it resolves. */
  finish(): Promise<void>;
  /** Looks at the paths and tells them, different or not. */
  look(paths: readonly Path[]): Promise<void>;
  /** Compares everything below a directory and tells what is different. */
  compare(directory: Path): Promise<void>;
  later(path: Path): void;
  close(): void;
}

export interface LookingOptions {
  readonly view: View;
  readonly lock: Lock;
  /** False before the first scan and while the root is lost: nothing is looked at. */
  readonly ready: () => boolean;
  readonly emit: (changes: readonly Observation[]) => void;
  readonly onDefect: (error: unknown) => void;
}

export function createLooking(options: LookingOptions): Looking {
  const { view, lock, ready, onDefect } = options;
  let waiting = new Set<Path>();
  let waitingSince = 0;
  let timer: NodeJS.Timeout | undefined;

  const hints = createHints(view.options, () => void runSafely(() => run(false)));
  const slow = createSlowLooks(view, (path, found) => runSafely(() => takeSlow(path, found)));

  /** What looks find was done by somebody else: own writes are in the picture already. */
  const emit = (changes: readonly Observation[]): void => {
    if (changes.length > 0) view.activity.note();
    options.emit(changes);
  };

  const runSafely = async (task: () => Promise<void>): Promise<void> => {
    try {
      await task();
    } catch (error) {
      onDefect(error);
    }
  };

  const lookAt = async (
    paths: ReadonlyMap<Path, Hint>,
    force: boolean,
    final: boolean,
  ): Promise<void> => {
    const teller = tellChanges(emit);
    const batch: Batch = { view, teller, force, onLater: slow.add };
    const absent = await lookAtHints(batch, paths);
    const now = performance.now();
    if (absent.size > 0 && waitingSince === 0) waitingSince = now;
    if (final || absent.size === 0 || teller.created() || now - waitingSince > removalMax) {
      waitingSince = 0;
      tellAbsent(view, teller, absent);
    } else {
      for (const path of absent) waiting.add(path);
      timer ??= setTimeout(() => {
        timer = undefined;
        void runSafely(() => run(hints.quietFor() >= removalQuiet));
      }, removalQuiet);
    }
    // Whoever asks for one path has not looked at the others.
    if (!force) tellOwed(view, teller, (path) => waiting.has(path) || slow.has(path));
    teller.finish();
  };

  const run = (final: boolean): Promise<void> =>
    lock.run(async () => {
      if (!ready()) return;
      const paths = hints.take();
      for (const path of waiting) if (!paths.has(path)) paths.set(path, 'look');
      waiting = new Set();
      if (paths.size > 0) await lookAt(paths, false, final);
    });

  /** Brings in what a patient look found, if that is still so. */
  const takeSlow = (path: Path, found: Found): Promise<void> =>
    lock.run(async () => {
      if (!ready()) return;
      const parent = view.picture.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      if (parent?.kind !== 'directory' || found.kind === 'absent' || found.kind === 'directory') {
        return hints.add(path);
      }
      if (found.kind === 'file' && !stillThere(view, path, found)) return hints.add(path);
      if (view.rules.verdict(path, false).excluded) return;
      const teller = tellChanges(emit);
      const name = path.slice(path.lastIndexOf('/') + 1);
      const bytes = bytesToTell(view, found, parent.children.get(name));
      const { node, changed } = adopt(view, parent, name, found, teller);
      if (found.kind === 'blocked') retry(view, path, found.why);
      const isOwed = view.owed.delete(path);
      if (changed || isOwed) teller.tell(path, lookOf(node), bytes);
      teller.finish();
      if (changed && node.kind === 'file' && found.kind === 'file')
        for (const other of namesOf(node, found.stat.nlink)) hints.add(pathOf(other));
    });

  /** A write through one name of a file is seen at that name only. */
  const namesOf = (node: FileNode, count: number): readonly FileNode[] =>
    view.picture.otherNames(node, count, () => indexByInode(view.picture));

  return {
    hints,
    later: slow.add,
    resume: () => void runSafely(() => run(false)),
    finish: async () => {
      // What a patient look finds may ask for looks at other paths, and those for patience once more.
      for (let round = 0; round < finishRounds; round += 1) {
        hints.hurry();
        try {
          await run(true);
        } catch (error) {
          // The hints are taken: what they would have shown comes with the scan that is asked for.
          onDefect(error);
          throw error;
        }
        await slow.idle();
        if (hints.size === 0) return;
      }
    },
    look: async (paths) => {
      const asked = new Map(paths.map((path) => [path, 'look'] as const));
      await lock.run(async () => {
        if (ready()) await lookAt(asked, true, true);
      });
      await slow.idle();
    },
    compare: (directory) =>
      lock.run(async () => {
        const node = view.picture.get(directory);
        if (!ready() || node?.kind !== 'directory') return;
        const teller = tellChanges(emit);
        const walking = {
          view,
          teller,
          slice: startSlice(),
          deep: true,
          patience: 200,
          contents: true,
        };
        await walk(walking, { node, path: directory, changed: false });
        teller.finish();
      }),
    close: () => {
      hints.close();
      clearTimeout(timer);
    },
  };
}

function stillThere(view: View, path: Path, found: Extract<Found, { kind: 'file' }>): boolean {
  try {
    const stat = view.disk.fs.lstatSync(diskPath(view.disk, path), { throwIfNoEntry: false });
    return stat !== undefined && stat.ctimeMs === found.stat.ctimeMs && stat.ino === found.stat.ino;
  } catch {
    return false;
  }
}

/** A replica on a disk of this machine: `openDiskReplica` ties the parts of this room together. */
import { lstatSync, realpathSync } from 'node:fs';
import { CaiError, toCaiError } from '../errors.ts';
import { ownPrefix, type Path, pathFault, type Side } from '../tree/path.ts';
import { Rules } from '../tree/rules.ts';
import { type Activity, createActivity } from './activity.ts';
import { allPaths } from './all-paths.ts';
import { apply } from './apply.ts';
import { type Area, createArea } from './area.ts';
import { isCaseSensitive } from './case.ts';
import { type Cookies, createCookies } from './cookies.ts';
import type { Disk } from './disk-path.ts';
import { createDurable, type Durable } from './durable.ts';
import { isEcho } from './echo.ts';
import { type FsPort, realFs } from './fs-port.ts';
import { createIntakes, type Intakes } from './intake.ts';
import { createKeptFiles, type KeptFiles } from './kept.ts';
import { takeLeftovers } from './leftovers.ts';
import { createLock, type Lock } from './lock.ts';
import { createLooking, type Looking } from './looking.ts';
import { newOwner } from './modes.ts';
import { pathOf } from './nodes.ts';
import { refusal } from './permission.ts';
import { createPicture } from './picture.ts';
import { createPolling, type Polling } from './polling.ts';
import { readFile, readSmallFile } from './read.ts';
import type {
  Action,
  Content,
  FlushOptions,
  Kept,
  Observation,
  Outcome,
  ReadResult,
  Replica,
  ReplicaEvent,
  ReplicaInfo,
  ReplicaOptions,
  RsyncCall,
  RsyncFound,
  RsyncPort,
  ScanOptions,
  ScanSummary,
} from './replica.ts';
import { createRootGuard, rootError } from './root-guard.ts';
import { createRootWatch, type RootWatch } from './root-watch.ts';
import { createRsyncService, type RsyncService } from './rsync-service.ts';
import { scan } from './scan.ts';
import { rowOf, scanPicture } from './scan-picture.ts';
import { createStaged, type Staged } from './staged.ts';
import { createStorm, type Storm } from './storm.ts';
import { forgetDirectory, type View } from './view.ts';
import { createWatcher, watchLimit } from './watch.ts';
import type { Work } from './work.ts';

export interface DiskReplicaInput {
  readonly root: string;
  /** The root's links are resolved: it lies where this process would follow them to other places. */
  readonly resolved?: boolean;
  readonly side: Side;
  readonly options: ReplicaOptions;
  /** Name of the staging directory in the root; made up when left out. */
  readonly stageName?: string;
  /** For tests: system calls that fail, steps between which the disk changes, who wrote before. */
  readonly fs?: FsPort;
  readonly probe?: Work['probe'];
  readonly activity?: Activity | undefined;
  /** Without it there is no rsync here. */
  readonly rsync?: RsyncPort | undefined;
}

const drainDeadline = 10_000;
const rescanEvery = 10 * 60_000;
const stormed = 'more changes at once than can be watched';
const retryAfter = { unstable: 1_000, unreadable: 10_000 } as const;

/** Opens a replica of the directory `root`; nothing is looked at or watched before the first scan. */
export async function openDiskReplica(input: DiskReplicaInput): Promise<DiskReplica> {
  const fs = input.fs ?? realFs;
  let root: string;
  try {
    root = input.resolved === true ? input.root : realpathSync(input.root);
    if (!lstatSync(root).isDirectory()) throw rootError(root, 'not-a-directory');
  } catch (thrown) {
    if (thrown instanceof CaiError) throw thrown;
    const { message } = toCaiError(thrown);
    const options = { path: input.root, next: 'Give a directory that exists.', cause: thrown };
    throw new CaiError('ROOT', `The directory ${input.root} cannot be used: ${message}`, options);
  }
  const disk: Disk = { fs, root };
  const area = createArea(disk, input.stageName);
  const kept = createKeptFiles(disk, area);
  return new DiskReplica(input, { disk, area, kept });
}

interface Parts {
  readonly disk: Disk;
  readonly area: Area;
  readonly kept: KeptFiles;
}

export class DiskReplica implements Replica {
  readonly info: ReplicaInfo;
  onEvent: (event: ReplicaEvent) => void = () => {};
  readonly closed: Promise<Error | undefined>;

  readonly #parts: Parts;
  readonly #view: View;
  readonly #lock: Lock = createLock();
  readonly #looking: Looking;
  readonly #root: RootWatch;
  readonly #cookies: Cookies;
  readonly #polling: Polling;
  readonly #storm: Storm;
  readonly #staged: Staged;
  readonly #intakes: Intakes;
  readonly #rsync: RsyncService;
  readonly #durable: Durable;
  readonly #work: Work;
  readonly #rescan: NodeJS.Timeout;
  #resolveClosed: (reason: Error | undefined) => void = () => {};
  #isClosed = false;
  /** The picture is whole: a scan has been through since it was last in doubt. */
  #scanned = false;
  /** Watches may be dead ones. */
  #rearm = false;
  /** Hints were lost, of what a scan that goes on may have been through already. */
  #missed = false;

  constructor(input: DiskReplicaInput, parts: Parts) {
    this.#parts = parts;
    const { disk, area, kept } = parts;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const guard = createRootGuard(disk);
    const loss = guard.check();
    if (loss !== undefined) throw rootError(disk.root, loss);
    const rootStat = disk.fs.lstatSync(disk.root);
    this.info = infoOf(parts, guard.identity);
    const watcher = createWatcher(disk, {
      onHint: (path, renamed) => this.#hint(path, renamed),
      onLost: () => this.#storm.note(),
      onUnwatched: () => this.#polling.changed(),
    });
    this.#view = {
      disk,
      options: input.options,
      rules: new Rules(input.options.rules),
      picture: createPicture(rootStat, {
        onDropped: (directory) => forgetDirectory(this.#view, directory),
        onNameGone: (file) => this.#looking.hints.add(pathOf(file)),
      }),
      watcher,
      activity: input.activity ?? createActivity(),
      owed: new Map(),
      onSecret: (path, present) => this.#emit({ type: 'secret', path, present }),
      onRetry: (path, why) => this.#looking.hints.addLater(path, retryAfter[why]),
    };
    this.#looking = createLooking({
      view: this.#view,
      lock: this.#lock,
      ready: () => this.#scanned && !this.#isClosed && this.#root.loss === undefined,
      emit: (changes) => {
        if (this.#root.check() !== undefined) return;
        this.#emit({ type: 'changes', changes });
      },
      onDefect: (error) => this.#doubt(String(error)),
    });
    this.#root = createRootWatch(
      guard,
      (event) => this.#emit(event),
      () => {
        this.#scanned = false;
        this.#rearm = true;
      },
    );
    this.#storm = createStorm(this.#looking.hints.quietFor, () => {
      if (this.#scanned) this.#askForScan(stormed);
      else this.#missed = true;
    });
    this.#cookies = createCookies(disk, area, watcher);
    this.#polling = createPolling({
      watcher,
      hints: this.#looking.hints,
      finish: () => this.#looking.finish(),
      onCount: (directories) => this.#emit({ type: 'polling', directories, limit: watchLimit() }),
    });
    this.#staged = createStaged(disk, area);
    this.#intakes = createIntakes(disk, area, this.#staged);
    const { rsync: port } = input;
    this.#rsync = createRsyncService({ port, disk, area, kept, intakes: this.#intakes });
    this.#durable = createDurable(disk);
    this.#work = {
      view: this.#view,
      area,
      kept,
      staged: this.#staged,
      durable: this.#durable,
      owner: newOwner(rootStat),
      probe: input.probe ?? (() => {}),
      hint: (path) => this.#looking.hints.add(path),
      real: new Set(),
    };
    this.#rescan = setInterval(() => {
      if (this.#scanned) this.#askForScan('timer');
    }, rescanEvery);
    this.#rescan.unref();
  }

  async configure(options: ReplicaOptions): Promise<void> {
    await this.#lock.run(async () => {
      this.#view.options = options;
      this.#view.rules = new Rules(options.rules);
      this.#looking.hints.setTimes(options);
      this.#scanned = false;
    });
  }

  async scan(options: ScanOptions): Promise<ScanSummary> {
    this.#checkOpen();
    const whole = options.path === undefined || options.path === '';
    if (!whole) checkPath(options.path);
    const rearm = this.#rearm && whole;
    if (whole) this.#missed = false;
    try {
      const summary = await scan({
        view: this.#view,
        lock: this.#lock,
        options,
        rearm,
        check: () => {
          this.#checkOpen();
          this.#checkRoot();
        },
        onLater: this.#looking.later,
      });
      if (rearm) this.#rearm = false;
      if (whole) this.#scanned = true;
      if (whole && this.#missed) this.#askForScan(stormed);
      this.#looking.resume();
      return summary;
    } catch (thrown) {
      // Some of it is in the picture and was not told.
      if (this.#scanned) this.#doubt('a scan ended early');
      throw toCaiError(thrown, options.path);
    }
  }

  /** What a scan would tell is known: one has been through, and nothing has put it in doubt. */
  get isKnown(): boolean {
    return this.#scanned && !this.#rearm;
  }

  /** As scan, from what is known, without looking at the disk. */
  scanKnown(options: ScanOptions, onBegin: () => void): Promise<ScanSummary> {
    this.#checkOpen();
    this.#checkRoot();
    return scanPicture({ view: this.#view, lock: this.#lock, options, onBegin });
  }

  /** What is known of a path; an ignore file with its content. */
  known(path: Path): Promise<Observation> {
    return rowOf(this.#view, path, this.#view.picture.get(path));
  }

  /** Compares a directory with what is known of it, and tells what is different. */
  compare(directory: Path): Promise<void> {
    this.#checkOpen();
    this.#checkRoot();
    return this.#looking.compare(directory);
  }

  async drain(signal?: AbortSignal): Promise<void> {
    this.#checkOpen();
    this.#checkRoot();
    if (!this.#scanned) return;
    const heard = await this.#cookies.wait(drainDeadline, signal).catch(() => false);
    if (signal?.aborted) throw new CaiError('CANCELLED', 'Waiting for changes was cancelled.');
    this.#checkOpen();
    this.#polling.hintAll();
    if (!heard || this.#storm.blows) await this.#looking.compare('');
    await this.#looking.finish();
    this.#checkRoot();
  }

  async look(paths: readonly Path[]): Promise<void> {
    this.#checkOpen();
    await this.#looking.look(paths.filter((path) => pathFault(path) === undefined));
  }

  async readSmall(files: Parameters<Replica['readSmall']>[0]): Promise<readonly ReadResult[]> {
    return files.map((file) => readSmallFile(this.#parts.disk, file));
  }

  read(file: Parameters<Replica['read']>[0], signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return readFile(this.#parts.disk, file, signal);
  }

  async stage(
    content: Content,
    chunks: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#checkOpen();
    this.#checkRoot();
    try {
      await this.#staged.receive(content, chunks, signal);
    } catch (error) {
      const why = refusal(this.#parts.disk, content.path, error);
      throw why === undefined ? error : new CaiError('PERMISSION', why, { cause: error });
    }
  }

  async unstage(id: string): Promise<void> {
    this.#staged.drop(id);
  }

  rsync(): Promise<RsyncFound> {
    return this.#rsync.found();
  }

  async *serveRsync(
    call: RsyncCall,
    input: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#checkOpen();
    this.#checkRoot();
    yield* this.#rsync.serve(call, input, signal);
  }

  async openIntake(
    id: string,
    contents: readonly Content[],
    onTooMuch: () => void,
  ): Promise<string> {
    this.#checkOpen();
    this.#checkRoot();
    return this.#intakes.open(id, contents, onTooMuch);
  }

  closeIntake(id: string, take: boolean): Promise<readonly string[]> {
    return this.#intakes.close(id, take);
  }

  apply(actions: readonly Action[]): Promise<readonly Outcome[]> {
    return this.applyAnd(actions, () => {});
  }

  /** As apply; `onDone` is told the outcomes before anything else is looked at. */
  async applyAnd(
    actions: readonly Action[],
    onDone: (outcomes: readonly Outcome[]) => Promise<void> | void,
  ): Promise<readonly Outcome[]> {
    this.#checkOpen();
    return this.#exclusively(async () => {
      const loss = this.#root.check();
      if (loss === undefined) {
        const outcomes = await apply(this.#work, actions);
        await onDone(outcomes);
        return outcomes;
      }
      const { code, message } = rootError(this.info.root, loss);
      return actions.map(({ path }) => ({
        path,
        result: 'failed',
        now: null,
        error: { code, message },
      }));
    });
  }

  /**
   * Holds the lock until the caller has acted on the result: what is looked at afterwards is newer, and
   * must not be told before.
   */
  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      void this.#lock.run(async () => {
        await task().then(resolve, reject);
        await new Promise((next) => setImmediate(next));
      });
    });
  }

  takeLeft(): Promise<readonly Kept[]> {
    const { disk, area, kept } = this.#parts;
    return this.#lock.run(async () => {
      this.#checkOpen();
      await takeLeftovers(disk, area, kept);
      return kept.takeOrphans();
    });
  }

  readKept(id: string): AsyncIterable<Uint8Array> {
    return this.#parts.kept.read(id);
  }

  async release(ids: readonly string[]): Promise<readonly Kept[]> {
    return this.#parts.kept.release(ids);
  }

  flush({ everything = false }: FlushOptions = {}): Promise<void> {
    const { root } = this.#view.picture;
    return this.#durable.flush(everything ? { all: () => allPaths(root) } : undefined);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#rescan);
    this.#storm.close();
    this.#polling.close();
    this.#looking.close();
    this.#root.close();
    this.#cookies.close();
    await this.#intakes.closeAll().catch(() => undefined);
    await this.#lock.run(async () => this.#view.watcher.close());
    const { kept, area } = this.#parts;
    try {
      // What nobody has taken over yet may be the only copy: the next run finds it.
      const how = kept.size > 0 ? 'leave' : 'remove';
      kept.close();
      area.close(how);
    } catch {
      // The root went, and the area with it; if it comes back the next run takes the area over.
    }
    this.#resolveClosed(undefined);
  }

  #hint(path: Path, renamed: boolean): void {
    if (this.#isClosed || this.#cookies.hear(path)) return;
    if (path.startsWith(ownPrefix) || path.includes(`/${ownPrefix}`)) return;
    if (renamed && isEcho(this.#view, path)) this.#looking.hints.addIdle(path);
    else this.#looking.hints.add(path);
  }

  #emit(event: ReplicaEvent): void {
    if (!this.#isClosed) this.onEvent(event);
  }

  /** The picture may be wrong: nothing is told from it until a scan has been through. */
  #doubt(reason: string): void {
    this.#scanned = false;
    if (this.#root.check() === undefined) this.#askForScan(reason);
  }

  #askForScan(reason: string): void {
    this.#rearm = true;
    this.#emit({ type: 'rescan-needed', reason });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new CaiError('LINK', 'The replica is closed.');
  }

  #checkRoot(): void {
    const loss = this.#root.check();
    if (loss !== undefined) throw rootError(this.info.root, loss);
  }
}

function infoOf({ disk }: Parts, identity: ReplicaInfo['identity']): ReplicaInfo {
  return {
    identity,
    root: disk.root,
    platform: process.platform,
    nodeVersion: process.versions.node,
    caseSensitive: isCaseSensitive(disk),
    uid: process.getuid?.() ?? 0,
    clockSkew: 0,
    roundTrip: 0,
  };
}

function checkPath(path: unknown): void {
  const fault = pathFault(path);
  if (fault !== undefined) throw new CaiError('PROTOCOL', `A path is refused: it ${fault}.`);
}

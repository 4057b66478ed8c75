/**
 * The proxy of a replica at the far end of a link. It believes nothing: whatever comes is checked
 * before the session sees it, and a lie closes the link (invariant 7).
 *
 * Order: an event is always newer than the rows and outcomes that the session got before it. Events
 * that arrive while a scan or an apply is under way are held until its caller could act on the answer.
 */
import { createHash } from 'node:crypto';
import { CaiError } from '../errors.ts';
import type { Answer, Peer } from './peer.ts';
import { RemoteEvents } from './remote-events.ts';
import { scanRemote } from './remote-scan.ts';
import type {
  Action,
  Content,
  FlushOptions,
  Kept,
  Outcome,
  ReadResult,
  Replica,
  ReplicaEvent,
  ReplicaInfo,
  ReplicaOptions,
  RsyncCall,
  RsyncFound,
  ScanOptions,
  ScanSummary,
} from './replica.ts';
import { violation } from './violation.ts';
import { actionCost, cutByCost, encodeActions, textCost } from './wire.ts';
import { checkOutcomes } from './wire-apply.ts';
import { checkArray, checkError, checkKept, checkKeptId, openContents } from './wire-check.ts';
import { checkInfo, checkRsync } from './wire-info.ts';

/** Milliseconds without progress after which a call is given up. */
const idle = {
  short: 30_000,
  normal: 60_000,
  /** Stages and applies wait for disks; flush waits for all of them. */
  disk: 300_000,
  flush: 600_000,
  close: 5_000,
} as const;

/** A crash leaves what one cycle displaced; more than this is an attack on the host's memory. */
const maxLeftKept = 500_000;

type ReadRequest = Parameters<Replica['readSmall']>[0][number];

export interface RemoteInput {
  readonly peer: Peer;
  /** What came with the welcome. */
  readonly welcome: unknown;
  readonly clockSkew: number;
  readonly roundTrip: number;
}

/** Takes a welcomed link; closes it and throws PROTOCOL when the agent does not say what it must. */
export async function openRemoteReplica(input: RemoteInput): Promise<Replica> {
  const { peer, welcome, clockSkew, roundTrip } = input;
  const caller = createCaller(peer);
  const info = caller.guard(() => checkInfo(welcome));
  return new RemoteReplica(peer, caller, { ...info, clockSkew, roundTrip });
}

/** Calls whose answers are checked: a fault in one closes the link. */
export interface Caller extends Pick<Peer, 'call'> {
  guard<T>(check: () => T): T;
}

function createCaller(peer: Peer): Caller {
  return {
    guard(check) {
      try {
        return check();
      } catch (error) {
        peer.fail(error as Error);
        throw error;
      }
    },
    call: (method, params, options) => peer.call(method, params, options),
  };
}

/** Only ids that `expects` takes, or it is a lie. */
async function fetchKept(
  caller: Caller,
  method: string,
  params: unknown,
  expects: (id: string) => boolean,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  await caller.call(method, params, {
    idleMs: idle.normal,
    onPart: ({ data }) =>
      caller.guard(() => {
        for (const one of checkArray(data).map(checkKept)) {
          if (!expects(one.id)) throw violation('a kept file that was not asked for');
          kept.push(one);
        }
      }),
  });
  return kept;
}

class RemoteReplica implements Replica {
  readonly info: ReplicaInfo;
  readonly closed: Promise<Error | undefined>;
  onEvent: (event: ReplicaEvent) => void = () => {};
  readonly #peer: Peer;
  readonly #caller: Caller;
  readonly #events: RemoteEvents;
  /** Ids of what was left here, as told so far. */
  readonly #left = new Set<string>();
  #rsyncFound: Promise<RsyncFound> | undefined;

  constructor(peer: Peer, caller: Caller, info: ReplicaInfo) {
    this.info = info;
    this.closed = peer.closed;
    this.#peer = peer;
    this.#caller = caller;
    this.#events = new RemoteEvents((event) => this.onEvent(event));
    peer.onEvent = (event) => this.#events.take(event);
  }

  async configure(options: ReplicaOptions): Promise<void> {
    await this.#caller.call('configure', options, { idleMs: idle.normal });
  }

  scan(options: ScanOptions): Promise<ScanSummary> {
    return scanRemote(this.#caller, options);
  }

  async drain(signal?: AbortSignal): Promise<void> {
    await this.#caller.call('drain', null, { idleMs: idle.short, signal });
  }

  async look(paths: readonly string[]): Promise<void> {
    for (const part of cutByCost(paths, textCost)) {
      await this.#caller.call('look', part, { idleMs: idle.normal });
    }
  }

  async readSmall(files: readonly ReadRequest[]): Promise<readonly ReadResult[]> {
    const results: ReadResult[] = [];
    for (const part of cutByCost(files, ({ path }) => textCost(path) + 70)) {
      results.push(...(await this.#readPart(part)));
    }
    return results;
  }

  async #readPart(files: readonly ReadRequest[]): Promise<readonly ReadResult[]> {
    const results: ReadResult[] = [];
    const params = files.map(({ path, digest }) => [path, digest]);
    await this.#caller.call('readSmall', params, {
      idleMs: idle.normal,
      onPart: (part) => {
        this.#caller.guard(() => takeResults(part, files, results));
      },
    });
    this.#caller.guard(() => {
      if (results.length !== files.length) throw violation('contents of too few files');
    });
    return results;
  }

  async *read(
    { path, digest, size }: { path: string; digest: string; size: number },
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    let seen = 0;
    const options = { idleMs: idle.normal, signal };
    for await (const chunk of this.#peer.download('read', [path, digest, size], options)) {
      seen += chunk.length;
      this.#caller.guard(() => {
        if (seen > size) throw violation('more of a file than it has');
      });
      hash.update(chunk);
      yield chunk;
    }
    // The agent says BUSY itself when the file changed; an agent that does not is not to be believed.
    this.#caller.guard(() => {
      if (seen !== size || hash.digest('hex') !== digest) {
        throw violation('a file that has another digest');
      }
    });
  }

  async stage(
    content: Content,
    chunks: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const { id, digest, size, path } = content;
    const options = { idleMs: idle.disk, signal, upload: chunks };
    await this.#caller.call('stage', [id, digest, size, path], options);
  }

  async unstage(id: string): Promise<void> {
    await this.#caller.call('unstage', id, { idleMs: idle.short });
  }

  rsync(): Promise<RsyncFound> {
    this.#rsyncFound ??= this.#caller
      .call('rsync', null, { idleMs: idle.short })
      .then(({ data }) => this.#caller.guard(() => checkRsync(data)));
    return this.#rsyncFound;
  }

  serveRsync(
    { args, intake, kept }: RsyncCall,
    input: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const options = { idleMs: idle.disk, signal, upload: input };
    return this.#peer.download('serveRsync', [args, intake ?? null, kept ?? null], options);
  }

  async openIntake(id: string, contents: readonly Content[]): Promise<string> {
    const rows = contents.map(({ id: own, digest, size, path }) => [own, digest, size, path]);
    await this.#caller.call('openIntake', [id, rows], { idleMs: idle.disk });
    return '';
  }

  async closeIntake(id: string, take: boolean): Promise<readonly string[]> {
    const { data } = await this.#caller.call('closeIntake', [id, take], { idleMs: idle.disk });
    return this.#caller.guard(() => checkArray(data).map(checkKeptId));
  }

  /** Of more actions than fit one message the first outcomes may be older than events told since. */
  async apply(actions: readonly Action[]): Promise<readonly Outcome[]> {
    const parts = [...cutByCost(actions, actionCost)];
    if (parts.length === 1) return this.#applyPart(actions);
    const outcomes: Outcome[] = [];
    for (const part of parts) outcomes.push(...(await this.#applyPart(part)));
    return outcomes;
  }

  async #applyPart(actions: readonly Action[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const { data, bytes } = encodeActions(actions);
    const take = (part: unknown): void => {
      const rest = actions.slice(outcomes.length);
      outcomes.push(...this.#caller.guard(() => checkOutcomes(part, rest)));
    };
    try {
      const onPart = (part: Answer): void => take(part.data);
      const options = { bytes, idleMs: idle.disk, onPart };
      take((await this.#caller.call('apply', data, options)).data);
    } catch (error) {
      // Nobody knows what was done: only a new scan tells, and that takes a new link.
      if (error instanceof CaiError && error.code === 'TIMEOUT') this.#peer.fail(error);
      throw error;
    }
    this.#caller.guard(() => {
      if (outcomes.length !== actions.length) throw violation('too few outcomes');
    });
    return outcomes;
  }

  async takeLeft(): Promise<readonly Kept[]> {
    return fetchKept(this.#caller, 'takeLeft', null, (id) => {
      const known = this.#left.has(id);
      this.#left.add(id);
      return !known && this.#left.size <= maxLeftKept;
    });
  }

  readKept(id: string): AsyncIterable<Uint8Array> {
    return this.#peer.download('readKept', id, { idleMs: idle.normal });
  }

  async release(ids: readonly string[]): Promise<readonly Kept[]> {
    const kept: Kept[] = [];
    for (const part of cutByCost(ids, textCost)) {
      const asked = new Set(part);
      const isAsked = (id: string): boolean => asked.delete(id);
      kept.push(...(await fetchKept(this.#caller, 'release', part, isAsked)));
    }
    return kept;
  }

  async flush({ everything = false }: FlushOptions = {}): Promise<void> {
    await this.#caller.call('flush', everything, { idleMs: idle.flush });
  }

  async close(): Promise<void> {
    try {
      await this.#caller.call('close', null, { idleMs: idle.close });
    } catch {
      // A link that is down already, or an agent that does not answer, is closed all the same.
    }
    await this.#peer.close();
  }
}

function takeResults(
  { data, bytes }: Answer,
  files: readonly ReadRequest[],
  results: ReadResult[],
): void {
  const contents = openContents(bytes);
  for (const value of checkArray(data, files.length - results.length)) {
    const [first, message] = checkArray(value, 2);
    const { digest } = files[results.length] as ReadRequest;
    results.push(
      typeof first === 'string'
        ? { ok: false, error: checkError(first, message) }
        : { ok: true, bytes: contents.take(first, digest) },
    );
  }
  contents.end();
}

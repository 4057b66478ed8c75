/**
 * The two replicas of a session, opened together and opened again when one is lost: at once at first,
 * then with growing distance, and at once again when the container is started.
 */
import { toCaiError } from '../errors.ts';
import type { Replica, ReplicaEvent } from '../replica/replica.ts';
import type { Side } from '../tree/path.ts';
import type { Engine } from './engine.ts';
import type { Far } from './far.ts';
import { openFar, openLocal, watchStarts } from './far.ts';
import { Left } from './left.ts';
import { takeUp } from './memory.ts';
import { addProblem, solveProblem, tell } from './report.ts';

const firstDelay = 100;
const longestDelay = 10_000;
/** Of the first opening, when the link breaks under it; anything else is told at the first failure. */
const firstTries = 4;
/** Where a person must see to it: a machine that is asked in vain too often locks us out. */
const refusedDelay = 60_000;

interface LinkHooks {
  readonly onEvent: (side: Side, event: ReplicaEvent) => void;
  /** A side has a replica again. */
  readonly onOpened: (side: Side) => void;
  readonly onLost: (reason: string) => void;
  readonly onConnected: () => void;
}

export class Links {
  readonly #engine: Engine;
  readonly #hooks: LinkHooks;
  readonly #abort = new AbortController();
  readonly #left: Left;
  readonly #closing: Promise<void>[] = [];
  #far: Far | undefined;
  #closed = false;
  /** A loss meanwhile is seen to by who opens. */
  #opening = false;
  /** Milliseconds before the next try, when nothing comes of this one either. */
  #failed = 0;
  #nudge: () => void = () => undefined;

  constructor(engine: Engine, hooks: LinkHooks) {
    this.#engine = engine;
    this.#hooks = hooks;
    this.#left = new Left(engine.keeper);
  }

  get isUp(): boolean {
    const { local, container } = this.#engine.core.sides;
    return local.replica !== undefined && container.replica !== undefined;
  }

  get transport(): string {
    return this.#far?.transport ?? 'none';
  }

  /** The first time. Throws when that fails (a link that breaks has some tries); what is lost later is opened anew by itself. */
  async open(): Promise<void> {
    this.#opening = true;
    try {
      await this.#openFirst();
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.#opening = false;
    }
    if (!this.isUp) void this.#reconnect();
  }

  async #openFirst(): Promise<void> {
    let delay = firstDelay;
    for (let tries = 1; ; tries += 1, delay *= 2) {
      try {
        return await this.#openBoth();
      } catch (error) {
        const { code, message } = toCaiError(error);
        const mayPass = code === 'LINK' || code === 'PROTOCOL';
        if (!mayPass || tries === firstTries || this.#closed) throw error;
        tell(this.#engine.report, { type: 'notice', message: `${message} Trying again.` });
      }
      await this.#wait(delay);
    }
  }

  /** Opens what is not open. Either may be lost again meanwhile: whoever calls this asks whether both are up. */
  async #openBoth(): Promise<void> {
    const { local: side } = this.#engine.core.sides;
    // What a lost replica of this process kept is taken over from it once it is closed.
    await Promise.all(this.#closing.splice(0));
    // Attached before the other is open: that may take long, and the directory may be another by then.
    if (side.replica === undefined) await this.#attach('local', await openLocal(this.#engine));
    const local = side.replica;
    const far = await openFar(this.#engine, this.#abort.signal);
    try {
      if (local === undefined || side.replica !== local) return await far.replica.close();
      const identity = { local: local.info.identity, container: far.replica.info.identity };
      takeUp(this.#engine, { ...identity, place: far.place });
    } catch (error) {
      await far.replica.close();
      throw error;
    }
    this.#far = far;
    await this.#attach('container', far.replica);
  }

  /** Gives both replicas up since work with them failed; opens them anew, at once only the first time. */
  retry(reason: Error): void {
    const delay = this.#failed;
    this.#failed = Math.min(delay === 0 ? firstDelay : delay * 2, longestDelay);
    this.reopen(reason, delay);
    if (delay > 0) this.#showFailure(reason);
  }

  /** Work with both replicas has come to its end. */
  worked(): void {
    this.#failed = 0;
  }

  /** Gives both replicas up and opens them anew. */
  reopen(reason: Error, delay = 0): void {
    const { local } = this.#engine.core.sides;
    const lost = local.replica;
    if (lost !== undefined) {
      local.replica = undefined;
      this.#engine.keeper.lost(lost);
      this.#closing.push(lost.close().catch(() => undefined));
    }
    this.#drop(reason, delay);
  }

  /** Takes over what has been left on either side by now. */
  async takeLeft(): Promise<void> {
    const { local, container } = this.#engine.core.sides;
    await Promise.all([
      local.replica && this.#left.ask(local.replica, 'local'),
      container.replica && this.#left.ask(container.replica, 'container'),
    ]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#abort.abort();
    this.#nudge();
    const { local, container } = this.#engine.core.sides;
    const replicas = [local.replica, container.replica].filter((replica) => replica !== undefined);
    local.replica = undefined;
    container.replica = undefined;
    await Promise.all(replicas.map((replica) => replica.close().catch(() => undefined)));
  }

  async #attach(side: Side, replica: Replica): Promise<void> {
    const { core } = this.#engine;
    if (this.#closed) return replica.close();
    core.sides[side].replica = replica;
    this.#hooks.onOpened(side);
    replica.onEvent = (event) => this.#hooks.onEvent(side, event);
    this.#left.attach(replica, side);
    void replica.closed.then((reason) => {
      if (core.sides[side].replica !== replica || this.#closed) return;
      if (side === 'local')
        this.reopen(reason ?? new Error('the local directory cannot be used any more'));
      else this.#drop(reason ?? new Error('the link ended'));
    });
  }

  #drop(reason: Error, delay = 0): void {
    const { core, keeper, transfers } = this.#engine;
    const lost = core.sides.container.replica;
    core.sides.container.replica = undefined;
    if (lost !== undefined) {
      keeper.lost(lost);
      const closing = lost.close().catch(() => undefined);
      // An agent that is gone may take its time to be given up; the new link does not wait for that.
      if (this.#far?.place.kind === 'local') this.#closing.push(closing);
    }
    for (const abort of transfers.values()) abort.abort();
    this.#hooks.onLost(reason.message);
    void this.#reconnect(delay);
  }

  async #reconnect(first = 0): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    const stopWatching = watchStarts(this.#engine.record, () => this.#nudge());
    let delay = firstDelay;
    try {
      if (first > 0) await this.#wait(first);
      while (!this.#closed) {
        try {
          await this.#openBoth();
          if (this.isUp) break;
        } catch (error) {
          this.#showFailure(error);
          if (toCaiError(error).code === 'NO_ACCESS') delay = refusedDelay;
        }
        const nudged = await this.#wait(delay);
        delay = nudged ? firstDelay : Math.min(delay * 2, longestDelay);
      }
    } finally {
      stopWatching();
      this.#opening = false;
    }
    if (this.#closed) return;
    solveProblem(this.#engine.report, 'session');
    this.#hooks.onConnected();
  }

  #showFailure(thrown: unknown): void {
    if (this.#closed) return;
    const { code, message, next } = toCaiError(thrown);
    addProblem(this.#engine.report, {
      side: 'session',
      code,
      message,
      ...(next === undefined ? {} : { next }),
    });
  }

  /** Resolves after the delay (false), or as soon as the container is said to have started (true). */
  #wait(delay: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), delay);
      this.#nudge = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

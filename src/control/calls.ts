/** What each call of the control socket takes and does. Parameters are checked before anything is done. */
import { isAbsolute } from 'node:path';
import { CaiError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import type { Side } from '../tree/path.ts';
import { pathFault } from '../tree/path.ts';
import type { CallName, Calls, ResolveRequest, SessionRecord, Take } from './api.ts';
import { isAuthorName, readClaims, readStint } from './claims.ts';
import { needHolds } from './hold-answer.ts';
import { restoreVersion } from './restore.ts';
import { needVersion, versionSide } from './version-content.ts';

/** What the calls work on. */
export interface CallContext {
  readonly record: SessionRecord;
  readonly session: Session;
  readonly store: Store;
  /** Ends the session's process; called after the answer is on its way. */
  readonly stop: () => void;
  /** Takes a further session into this process; left out: it takes none. */
  readonly adopt?: ((id: string, mark: string) => Promise<void>) | undefined;
}

/** A call as it came in; `params` is not trusted. */
export interface Incoming {
  readonly call: CallName;
  readonly params: Readonly<Record<string, unknown>>;
}

type Run<N extends CallName> = (
  context: CallContext,
  params: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<Calls[N]['result']>;

const maxTimeoutMs = 24 * 3600 * 1000;

const table: { readonly [N in CallName]: Run<N> } = {
  status: async ({ session }) => session.status(),
  subscribe: async ({ session }) => session.status(),
  flush: ({ session }, params, signal) =>
    session.flush({ timeoutMs: timeout(params.timeoutMs), signal }),
  sync({ session }, params, signal) {
    const to = optionalSide(params.to);
    if (to === undefined) throw wrong('to must be local or container');
    const paths = optionalTexts(params.paths, 'paths');
    for (const path of paths) optionalPath(path);
    const exclude = optionalTexts(params.exclude, 'exclude');
    return session.sync({
      to,
      ...(params.paths === undefined ? {} : { paths }),
      ...(exclude.length === 0 ? {} : { exclude }),
      timeoutMs: timeout(params.timeoutMs),
      signal,
    });
  },
  async pause({ session }) {
    await session.pause();
    return session.status();
  },
  async resume({ session }) {
    await session.resume();
    return session.status();
  },
  async stop({ stop }) {
    setImmediate(stop);
    return { stopped: true };
  },
  async approve({ session }, params) {
    needHolds(session, params.holds);
    await session.approve(authorOf(params).author);
    return { holds: session.status().holds };
  },
  async reject({ session }, params) {
    needHolds(session, params.holds);
    await session.reject(authorOf(params).author);
    return { holds: session.status().holds };
  },
  async history({ store }, params) {
    const path = optionalPath(params.path);
    const limit = optionalCount(params.limit);
    return store.history({
      ...(path === undefined ? {} : { path }),
      ...(limit === undefined ? {} : { limit }),
    });
  },
  async version({ store }, params) {
    if (typeof params.version !== 'string') throw wrong('version must be a text');
    const version = needVersion(store, params.version);
    return { version, content: versionSide(store, version) };
  },
  restore({ store, record, session }, params) {
    if (typeof params.version !== 'string') throw wrong('version must be a text');
    const to = optionalPath(params.to);
    const author = authorOf(params);
    const target = { ...(to === undefined ? {} : { to }), ...author };
    if (author.author !== undefined) {
      const { path, entry } = needVersion(store, params.version);
      const digest = entry.kind === 'file' ? { digest: entry.digest } : {};
      session.attribute('local', author.author, [{ path: to ?? path, ...digest }]);
    }
    return restoreVersion({ store, root: record.local, version: params.version, ...target });
  },
  resolve: ({ session }, params) => session.resolve(resolveRequest(params)),
  contents({ session }, params) {
    const path = optionalPath(params.path);
    if (path === undefined) throw wrong('the path is missing');
    return session.contents(path);
  },
  undo({ session }, params) {
    const since = optionalTime(params.since, 'since');
    const by = optionalText(params.by, 'by');
    const side = optionalSide(params.side) ?? (by === undefined ? 'container' : undefined);
    return session.undo({
      paths: optionalTexts(params.paths, 'paths'),
      dryRun: params.dryRun === true,
      ...authorOf(params),
      ...(side === undefined ? {} : { side }),
      ...(since === undefined ? {} : { since }),
      ...(by === undefined ? {} : { by }),
    });
  },
  rewind({ session }, params) {
    const time = optionalTime(params.time, 'time');
    if (time === undefined) throw wrong('time must be a number of milliseconds');
    return session.rewind({
      path: optionalPath(params.path) ?? '',
      time,
      dryRun: params.dryRun === true,
      ...authorOf(params),
    });
  },
  async adopt({ adopt }, { id, mark }) {
    if (typeof id !== 'string' || typeof mark !== 'string')
      throw wrong('id and mark must be texts');
    if (adopt === undefined) throw new CaiError('BUSY', 'This process takes in no other session.');
    await adopt(id, mark);
    return { adopted: true };
  },
  async attribute({ session }, params) {
    const side = optionalSide(params.side);
    if (side === undefined) throw wrong('the side is missing');
    const { by, claims } = readClaims(params);
    session.attribute(side, by, claims);
    return { noted: claims.length };
  },
  async stint({ session }, params) {
    const side = optionalSide(params.side);
    if (side === undefined) throw wrong('the side is missing');
    await session.stint({ side, ...readStint(params) });
    return { noted: true };
  },
};

export function isCallName(name: unknown): name is CallName {
  return typeof name === 'string' && Object.hasOwn(table, name);
}

/** Carries a call out; rejects with USAGE when its parameters are wrong. */
export async function runCall(
  incoming: Incoming,
  context: CallContext,
  signal: AbortSignal,
): Promise<unknown> {
  return table[incoming.call](context, incoming.params, signal);
}

function timeout(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= maxTimeoutMs) return value;
  throw wrong('timeoutMs must be a number of milliseconds');
}

const takes: readonly unknown[] = ['local', 'container', 'newest', 'both', 'kept'];

/** Left out: the history names the command. */
function authorOf({ author }: Incoming['params']): { readonly author?: string } {
  if (author === undefined) return {};
  if (!isAuthorName(author)) throw wrong('author must be a name of at most 64 plain characters');
  return { author };
}

function resolveRequest(params: Incoming['params']): ResolveRequest {
  const { conflicts, take, file } = params;
  const isList = Array.isArray(conflicts) && conflicts.every((id) => typeof id === 'string');
  if (!isList) throw wrong('conflicts must be a list of ids');
  if (file !== undefined) {
    if (take !== undefined || typeof file !== 'string' || !isAbsolute(file))
      throw wrong('file must be an absolute path, without take');
    return { conflicts, file, ...authorOf(params) };
  }
  if (!takes.includes(take)) throw wrong(`take must be one of ${takes.join(', ')}`);
  return { conflicts, take: take as Take, ...authorOf(params) };
}

function optionalPath(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  const fault = pathFault(value);
  if (fault !== undefined) throw wrong(`the path is ${fault}`);
  return value as string;
}

function optionalCount(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw wrong('limit must be a positive number');
}

function optionalTime(value: unknown, name: string): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw wrong(`${name} must be a number of milliseconds`);
}

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(`${name} must be a text`);
}

function optionalTexts(value: unknown, name: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw wrong(`${name} must be a list of texts`);
}

function optionalSide(value: unknown): Side | undefined {
  if (value === undefined || value === 'local' || value === 'container') return value;
  throw wrong('side must be local or container');
}

function wrong(what: string): CaiError {
  return new CaiError('USAGE', `Wrong parameters: ${what}.`);
}

/**
 * Which calls the container gets, and with which parameters. What would end or unlock the session, name
 * a file of the host, or write where nothing is synchronised is refused.
 */
import { CaiError } from '../errors.ts';
import { linkFault } from '../tree/link.ts';
import { isProtected, Rules } from '../tree/rules.ts';
import type { CallName } from './api.ts';
import type { CallContext, Incoming } from './calls.ts';
import { needVersion } from './version-content.ts';

type Params = Incoming['params'];
type Check = (params: Params, context: CallContext) => Params;

const maxTimeoutMs = 10 * 60_000;
const maxItems = 1000;
const maxTextLength = 4096;
const maxVersions = 1000;

const asIs: Check = (params) => params;

const checks: Readonly<Partial<Record<CallName, Check>>> = {
  status: asIs,
  subscribe: asIs,
  pause: asIs,
  resume: asIs,
  contents: asIs,
  flush: deadline,
  sync: (params) => deadline(lists(params)),
  undo: lists,
  history(params) {
    const { limit = maxVersions } = params;
    if (typeof limit === 'number' && limit > maxVersions)
      throw refused(`limit is at most ${maxVersions} here`);
    return { ...params, limit };
  },
  resolve(params) {
    // It would be read on the host.
    if (params.file !== undefined) throw refused('file is not for the container');
    return lists(params);
  },
  restore(params, context) {
    if (params.to !== undefined) throw refused('to is not for the container');
    return ofContainer(params, context);
  },
  version: ofContainer,
  attribute: ownSide,
  stint: ownSide,
};

function ownSide(params: Params): Params {
  if (params.side !== 'container') throw refused('the container speaks for its own side only');
  return params;
}

/** Passes a call on as it may run, or throws USAGE. */
export function checkUpcall({ call, params }: Incoming, context: CallContext): Incoming {
  const check = Object.hasOwn(checks, call) ? checks[call] : undefined;
  if (check === undefined) throw refused(`"${call}" is not for the container`);
  return { call, params: check(params, context) };
}

function deadline(params: Params): Params {
  if (typeof params.timeoutMs === 'number' && params.timeoutMs > maxTimeoutMs)
    throw refused(`timeoutMs is at most ${maxTimeoutMs} here`);
  return params;
}

function lists(params: Params): Params {
  for (const value of Object.values(params)) {
    if (!Array.isArray(value)) continue;
    const tooLong = value.some((one) => typeof one === 'string' && one.length > maxTextLength);
    if (tooLong || value.length > maxItems) throw refused('a list is too long');
  }
  return params;
}

/** A version of a path that the container may have, and write. */
function ofContainer(params: Params, { record, store }: CallContext): Params {
  if (typeof params.version !== 'string') throw refused('version must be a text');
  const { path, entry } = needVersion(store, params.version);
  const excluded = new Rules(record.options).fullVerdict(path, entry.kind === 'directory').excluded;
  const outside = entry.kind === 'link' && linkFault(path, entry.target) !== undefined;
  if (excluded || outside || isProtected(path, entry.kind))
    throw refused('that version is not for the container');
  return params;
}

function refused(why: string): CaiError {
  return new CaiError('USAGE', `Refused: ${why}.`, { next: 'Run `cai` on the host for that.' });
}

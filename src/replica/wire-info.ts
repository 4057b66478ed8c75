/** Reads what an agent says of itself: its welcome, its summary of a scan, and what it tells unasked. */
import { isAbsolute } from 'node:path/posix';
import type { Observation, ReplicaEvent, ReplicaInfo, RsyncFound, ScanSummary } from './replica.ts';
import { violation } from './violation.ts';
import {
  checkBoolean,
  checkCount,
  checkNumber,
  checkPath,
  checkRows,
  checkText,
} from './wire-check.ts';

type Fields = Readonly<Record<string, unknown>>;

export function checkFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw violation('something else than an object');
  }
  return value as Fields;
}

/** Everything but what the host knows better. */
export type AgentInfo = Omit<ReplicaInfo, 'clockSkew' | 'roundTrip'>;

export function checkInfo(value: unknown): AgentInfo {
  const raw = checkFields(value);
  const identity = checkFields(raw.identity);
  const root = checkText(raw.root, 4096);
  if (!isAbsolute(root)) throw violation('a root that is not absolute');
  return {
    // Device and inode may be beyond what a number holds exactly; they are only compared.
    identity: {
      device: checkNumber(identity.device, Number.MAX_VALUE),
      inode: checkNumber(identity.inode, Number.MAX_VALUE),
      born: checkNumber(identity.born),
    },
    root,
    platform: checkText(raw.platform, 40),
    nodeVersion: checkText(raw.nodeVersion, 40),
    caseSensitive: checkBoolean(raw.caseSensitive),
    uid: checkNumber(raw.uid, 2 ** 32),
  };
}

export function checkRsync(value: unknown): RsyncFound {
  const raw = checkFields(value);
  if (!checkBoolean(raw.ok)) return { ok: false, why: checkText(raw.why, 200) };
  return {
    ok: true,
    version: checkText(raw.version, 40),
    protocol: checkCount(raw.protocol, 9999),
  };
}

export function checkSummary(value: unknown): Omit<ScanSummary, 'secrets'> {
  const raw = checkFields(value);
  return {
    files: checkCount(raw.files),
    directories: checkCount(raw.directories),
    bytes: checkCount(raw.bytes),
  };
}

/** An event, or a piece of one: `more` announces that the next message goes on with it. */
export type EventPiece =
  | { readonly type: 'changes'; readonly changes: readonly Observation[]; readonly more: boolean }
  | Exclude<ReplicaEvent, { readonly type: 'changes' }>;

const lostReasons = ['missing', 'not-a-directory', 'replaced', 'unreadable'] as const;

export function checkEvent(value: unknown, bytes: Uint8Array): EventPiece {
  const raw = checkFields(value);
  switch (raw.type) {
    case 'changes':
      return {
        type: 'changes',
        changes: checkRows(raw.changes, bytes),
        more: checkBoolean(raw.more),
      };
    case 'root-lost': {
      const reason = lostReasons.find((known) => known === raw.reason);
      if (reason === undefined) throw violation('a lost root for no known reason');
      return { type: 'root-lost', reason };
    }
    case 'rescan-needed':
      return { type: 'rescan-needed', reason: checkText(raw.reason) };
    case 'polling':
      return {
        type: 'polling',
        directories: checkCount(raw.directories),
        limit: checkCount(raw.limit),
      };
    case 'secret':
      return { type: 'secret', path: checkPath(raw.path), present: checkBoolean(raw.present) };
    default:
      throw violation('an event of no known type');
  }
}

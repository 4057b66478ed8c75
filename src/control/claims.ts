/** The parameters of `attribute` and `stint`: labels of bounded length and number, which cannot pass for what cai itself does. */
import { CaiError } from '../errors.ts';
import { pathFault } from '../tree/path.ts';
import type { Claim, Stint } from './api.ts';

const maxClaims = 1000;
const maxStintMs = 60_000;
/** What undo, restore and resolve put there themselves. */
const reserved: readonly string[] = ['undo', 'restore', 'resolve'];

/** A name that may stand in the history: 1 to 64 printable characters, not one of cai's own. */
export function isAuthorName(name: unknown): name is string {
  return (
    typeof name === 'string' && /^[\w][\w .@/+:()-]{0,63}$/.test(name) && !reserved.includes(name)
  );
}

/** Checks what came in; throws USAGE. */
export function readClaims(params: Readonly<Record<string, unknown>>): {
  readonly by: string;
  readonly claims: readonly Claim[];
} {
  const { by, claims } = params;
  if (!isAuthorName(by)) throw wrong('by must be a name of at most 64 plain characters');
  if (!Array.isArray(claims) || claims.length > maxClaims)
    throw wrong(`claims must be a list of at most ${maxClaims}`);
  return { by, claims: claims.map(readClaim) };
}

/** Checks what came in; throws USAGE. */
export function readStint(params: Readonly<Record<string, unknown>>): Omit<Stint, 'side'> {
  const { by, id, path, forMs } = params;
  if (!isAuthorName(by)) throw wrong('by must be a name of at most 64 plain characters');
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id))
    throw wrong('id must be 1 to 64 letters, digits and hyphens');
  if (typeof forMs !== 'number' || !(forMs >= 0 && forMs <= maxStintMs))
    throw wrong(`forMs must be a number of milliseconds, at most ${maxStintMs}`);
  if (path === undefined || path === '') return { by, id, forMs };
  const fault = pathFault(path);
  if (fault !== undefined) throw wrong(`the path is ${fault}`);
  return { by, id, forMs, path: path as string };
}

function readClaim(value: unknown): Claim {
  const { path, digest } = (value ?? {}) as { path?: unknown; digest?: unknown };
  const fault = pathFault(path);
  if (fault !== undefined) throw wrong(`the path of a claim is ${fault}`);
  if (digest === undefined) return { path: path as string };
  if (digest !== null && !(typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest)))
    throw wrong('the digest of a claim must be 64 hexadecimal digits, or null');
  return { path: path as string, digest };
}

function wrong(what: string): CaiError {
  return new CaiError('USAGE', `Wrong parameters: ${what}.`);
}

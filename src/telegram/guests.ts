/**
 * Who may talk to the bot: those on the list, and whoever shows the one-time code that was printed on the host. A
 * stranger is refused once, politely; after that nothing is said, done or written for them.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export type Admission =
  | { readonly kind: 'member' }
  | { readonly kind: 'paired' }
  /** Tell them once. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'ignored' }
  /** A member who asks too much at once; `tell` is true for the first such message. */
  | { readonly kind: 'slower'; readonly tell: boolean };

export interface GuestsInput {
  readonly now: () => number;
  readonly isMember: (user: number) => boolean;
  readonly isKnownStranger: (user: number) => boolean;
  /** Absent: nobody can be paired. */
  readonly pairing?: Pairing | undefined;
  readonly rate?: Rate;
}

export interface Pairing {
  readonly code: string;
  readonly until: number;
}

export interface Rate {
  /** So many at once. */
  readonly burst: number;
  /** Then one every so many milliseconds. */
  readonly everyMs: number;
}

export interface Guests {
  /** `code` is what a message shows as its pairing code, if it does. */
  admit(user: number, code?: string): Admission;
}

const defaultRate: Rate = { burst: 20, everyMs: 2000 };
/** Wrong codes, of all strangers together, until the code is worth nothing. */
const maxTries = 20;
const maxBuckets = 1000;

export function createGuests(input: GuestsInput): Guests {
  const { now, isMember, isKnownStranger, rate = defaultRate } = input;
  const buckets = new Map<number, { tokens: number; at: number; told: boolean }>();
  let pairing = input.pairing;
  let tries = 0;

  function meter(user: number): Admission {
    const bucket = buckets.get(user) ?? { tokens: rate.burst, at: now(), told: false };
    if (buckets.size < maxBuckets) buckets.set(user, bucket);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + (now() - bucket.at) / rate.everyMs);
    bucket.at = now();
    if (bucket.tokens < 1) {
      const tell = !bucket.told;
      bucket.told = true;
      return { kind: 'slower', tell };
    }
    bucket.tokens -= 1;
    bucket.told = false;
    return { kind: 'member' };
  }

  function shows(code: string): boolean {
    if (pairing === undefined || now() > pairing.until || code === '') return false;
    tries += 1;
    const right = sameCode(code, pairing.code);
    if (right || tries >= maxTries) pairing = undefined;
    return right;
  }

  return {
    admit(user, code = '') {
      if (isMember(user)) return meter(user);
      if (shows(code)) return { kind: 'paired' };
      return { kind: isKnownStranger(user) ? 'ignored' : 'refused' };
    },
  };
}

function sameCode(given: string, code: string): boolean {
  return timingSafeEqual(hash(normal(given)), hash(normal(code)));
}

function normal(code: string): string {
  return code.toUpperCase().replace(/[^A-Z0-9]/g, '');
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

// Without those that look like others.
const letters = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** Ten characters, 49 bits: "K7Q2M-9XDFA". */
export function newPairingCode(random: (bytes: number) => Uint8Array): string {
  let code = '';
  while (code.length < 10)
    for (const byte of random(16)) {
      // The rest of 256 would favour the first letters.
      if (byte < letters.length * 8 && code.length < 10)
        code += letters[byte % letters.length] as string;
    }
  return `${code.slice(0, 5)}-${code.slice(5)}`;
}

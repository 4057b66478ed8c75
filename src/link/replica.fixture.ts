/** For tests: a replica made of given answers, and the observations that fast-check makes up. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Observation, Replica } from '../replica/replica.ts';
import type { Look } from '../tree/entry.ts';

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Does nothing, successfully, but for what is given. */
export function fakeReplica(given: Partial<Replica> = {}): Replica {
  return {
    info: {
      identity: { device: 1, inode: 2, born: 3 },
      root: '/work',
      platform: 'linux',
      nodeVersion: '20.0.0',
      caseSensitive: true,
      uid: 0,
      clockSkew: 0,
      roundTrip: 0,
    },
    onEvent: () => {},
    closed: new Promise(() => {}),
    configure: async () => {},
    scan: async () => ({ files: 0, directories: 0, bytes: 0, secrets: [] }),
    drain: async () => {},
    look: async () => {},
    readSmall: async () => [],
    read: nothing,
    stage: async () => {},
    unstage: async () => {},
    rsync: async () => ({ ok: false, why: 'there is none' }),
    serveRsync: nothing,
    openIntake: async () => '',
    closeIntake: async () => [],
    apply: async () => [],
    takeLeft: async () => [],
    readKept: nothing,
    release: async () => [],
    flush: async () => {},
    close: async () => {},
    ...given,
  };
}

// Names as they stand on disks: any characters, and bytes that are not UTF-8.
const name = fc
  .oneof(
    fc.stringMatching(/^[a-z0-9_.-]{1,12}$/),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    fc.string({ maxLength: 3 }).map((text) => `${text}\udcff\udc80`),
  )
  .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..');

export const somePath = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map((names) => names.join('/'));

const someTime = fc.double({ min: -1e12, max: 4e12, noNaN: true }).map((time) => time + 0);
const someMode = fc.integer({ min: 0, max: 0o777 });

export const someFile = fc
  .record({
    bytes: fc.uint8Array({ maxLength: 200 }),
    mode: someMode,
    executable: fc.boolean(),
    mtime: someTime,
  })
  .map(({ bytes, ...rest }) => ({
    bytes,
    entry: { kind: 'file' as const, digest: digestOf(bytes), size: bytes.length, ...rest },
  }));

const someLook: fc.Arbitrary<{ look: Look; bytes?: Uint8Array }> = fc.oneof(
  fc.constant({ look: null }),
  someFile.map(({ bytes, entry }) => ({ look: entry, bytes })),
  someFile.map(({ entry }) => ({ look: entry })),
  someMode.map((mode) => ({ look: { kind: 'directory' as const, mode } })),
  name.map((target) => ({ look: { kind: 'link' as const, target } })),
  fc.constant({ look: { kind: 'blocked' as const, why: 'special' as const, message: 'a pipe' } }),
);

export const someObservation: fc.Arbitrary<Observation> = fc
  .tuple(somePath, someLook)
  .map(([path, look]) => ({ path, ...look }));

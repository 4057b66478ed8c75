/** For tests: disks that are slow, or fail now and then, below the sides and below the store. */
import type { Random } from '../../test/support/random.ts';
import { CaiError } from '../errors.ts';
import { type FsPort, realFs } from '../replica/fs-port.ts';
import { type FsCall, faultyFs } from '../replica/testing.ts';
import type { Contents, Store } from '../store/store.ts';

export interface BadDisk {
  readonly fs: FsPort;
  readonly store: (real: Store) => Store;
  /** Between these two calls fail, where it is a disk that fails. */
  spoil(): void;
  heal(): void;
}

/** Milliseconds that a slow disk takes now and then, at most. */
const slowMs = 900;
/** How often calls of a failing disk fail: of the sides', and of the store's. */
const share = { fs: 0.02, store: 0.1 } as const;

/** Which calls can fail so; a failing watch is no error of a disk. */
export const failures = {
  EIO: /./,
  EACCES: /open|readdir|rename|link|mkdir|rmdir|unlink|access|chown|chmod|copy/,
  ENOSPC: /write|mkdir|link|rename|copy|open|sync/,
  EROFS: /write|mkdir|rmdir|link|rename|copy|open|utimes|chmod|chown|unlink|rm/,
  EMFILE: /open|readdir|copy|watch/,
} as const;
const codes = Object.keys(failures) as (keyof typeof failures)[];

/** Some calls take long, most are only late by a little. */
export function slowDisk(chance: Random): BadDisk {
  const delay = (): Promise<void> => {
    const ms = chance.next() < 0.15 ? chance.next() * slowMs : chance.next() * 3;
    return new Promise((resolve) => setTimeout(resolve, ms));
  };
  // What waits for a disk waits longer.
  const slow = (['fsync', 'read', 'write', 'copyFile'] as const).map((name) => {
    const real = realFs[name] as (...args: unknown[]) => void;
    const late = (...args: unknown[]): void => void delay().then(() => real(...args));
    return [name, late] as const;
  });
  const fs = { ...realFs, ...Object.fromEntries(slow) };
  return {
    fs,
    store: (real) => withContents(real, delay),
    spoil: () => undefined,
    heal: () => undefined,
  };
}

/** Calls fail in all the ways that a disk has. */
export function failingDisk(chance: Random): BadDisk {
  const faulty = faultyFs();
  let isSpoilt = false;
  const fail = (call: FsCall): string | undefined => {
    if (call === 'watch' || chance.next() > share.fs) return undefined;
    const code = chance.pick(codes);
    return failures[code].test(call) ? code : undefined;
  };
  const mayFail = async (): Promise<void> => {
    if (!isSpoilt || chance.next() > share.store) return;
    throw new CaiError(chance.pick(['NO_SPACE', 'STATE']), 'made to fail');
  };
  return {
    fs: faulty.fs,
    store: (real) => withContents(real, mayFail),
    spoil: () => {
      isSpoilt = true;
      faulty.fail = fail;
    },
    heal: () => {
      isSpoilt = false;
      faulty.fail = undefined;
    },
  };
}

/** The store, with something to go through before contents are written. */
function withContents(real: Store, before: () => Promise<void>): Store {
  const through =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await before();
      return call(...args);
    };
  const { makeDurable, putStream, putFile } = real.contents;
  const contents: Contents = {
    ...real.contents,
    makeDurable: through(makeDurable),
    putStream: through(putStream),
    putFile: through(putFile),
  };
  return new Proxy(real, {
    get: (target, name) => (name === 'contents' ? contents : Reflect.get(target, name)),
  });
}

/** Random choices that a seed repeats. */

export interface Random {
  readonly seed: number;
  /** 0 <= x < 1. */
  next(): number;
  /** A whole number, 0 <= x < `below`. */
  below(below: number): number;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Buffer;
}

/** Seeded by CAI_TEST_SEED, or by chance; print `seed` when a test fails. */
export function random(
  seed = Number(process.env.CAI_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32)),
): Random {
  let state = seed >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    seed,
    next,
    below,
    pick: (items) => {
      if (items.length === 0) throw new Error('nothing to pick from');
      return items[below(items.length)] as (typeof items)[number];
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

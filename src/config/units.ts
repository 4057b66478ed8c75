/** Sizes and durations as people write them: "2GiB", "500 kB", "5ms", "14d". Pure. */

const sizes: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

const durations: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Bytes; undefined when the text is no size. */
export function parseSize(value: unknown): number | undefined {
  return parse(value, sizes);
}

/** Milliseconds; undefined when the text is no duration. */
export function parseDuration(value: unknown): number | undefined {
  return parse(value, durations);
}

/** As parseSize reads it. */
export function formatSize(bytes: number): string {
  return format(bytes, [
    ['TiB', 1024 ** 4],
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ]);
}

/** As parseDuration reads it. */
export function formatDuration(milliseconds: number): string {
  const text = format(milliseconds, [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ]);
  return /[a-z]/.test(text) ? text : `${text}ms`;
}

/** In the largest unit that leaves no rest; a plain number is in the smallest. */
function format(value: number, units: readonly (readonly [string, number])[]): string {
  const [name = '', factor = 1] =
    units.find(([, size]) => value >= size && value % size === 0) ?? [];
  return `${value / factor}${name}`;
}

/** A plain number is in the smallest unit. */
function parse(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const found = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(value);
  if (found === null) return undefined;
  const unit = found[2] === '' ? 1 : units[(found[2] as string).toLowerCase()];
  return unit === undefined ? undefined : Number(found[1]) * unit;
}

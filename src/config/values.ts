/**
 * Reads single values of a configuration file. What is wrong is told with its key, so that the reader
 * of the file (toml.ts) can name the line. Pure.
 */
import { parseDuration, parseSize } from './units.ts';

export type Table = Readonly<Record<string, unknown>>;

/** Says what is wrong with the value of a key; `key` is dotted below the table that is read. */
export class SchemaFault extends Error {
  readonly key: string;

  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

export function wrong(key: string, what: string): SchemaFault {
  return new SchemaFault(key, `"${key}" must be ${what}`);
}

export function isTable(value: unknown): value is Table {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** A table that holds no other keys than these. */
export function subTable(value: unknown, key: string, keys: readonly string[]): Table {
  if (!isTable(value)) throw wrong(key, 'a table');
  for (const name of Object.keys(value)) {
    if (!keys.includes(name))
      throw new SchemaFault(
        `${key}.${name}`,
        `there is no key "${key}.${name}"; there are ${keys.join(', ')}`,
      );
  }
  return value;
}

export function text(value: unknown, key: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(key, 'a text');
}

export function texts(value: unknown, key: string): readonly string[] {
  if (Array.isArray(value) && value.every((part) => typeof part === 'string' && part !== ''))
    return value;
  throw wrong(key, 'a list of texts');
}

export function truth(value: unknown, key: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(key, 'true or false');
}

export function oneOf<T extends string>(choices: readonly T[], value: unknown, key: string): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw wrong(key, `one of ${choices.join(', ')}`);
}

export function duration(value: unknown, key: string): number {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  throw wrong(key, 'a duration such as "5ms" or "14d", or a number of milliseconds');
}

export function size(value: unknown, key: string): number {
  const bytes = parseSize(value);
  if (bytes !== undefined) return Math.floor(bytes);
  throw wrong(key, 'a size such as "2GiB", or a number of bytes');
}

/** A command as one text, split at blanks, or as a list. */
export function commandOf(value: unknown, key: string): readonly string[] {
  const parts =
    typeof value === 'string'
      ? value.split(/\s+/).filter((part) => part !== '')
      : texts(value, key);
  if (parts.length === 0)
    throw new SchemaFault(key, `"${key}" is empty; write a command with its arguments`);
  return parts;
}

/** A volume's name as engines allow it; also what keeps a path of the host from becoming a mount. */
export function volumeName(value: unknown, key: string): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(value)) return value;
  throw wrong(key, 'a volume name: letters, digits, "_", "." and "-", up to 255 of them');
}

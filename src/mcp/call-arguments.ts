/**
 * A tool's arguments from words of a command line, read by the tool's own schema: `--file-path x` or
 * `--file_path=x`, a list by several words or by repeating its name (its singular too: `--path a b --path c`),
 * everything that is no text as JSON. Pure.
 */
import { CaiError } from '../errors.ts';

interface Property {
  readonly type?: unknown;
  readonly items?: Property;
}

/** As a tool lists it. */
export interface ToolSchema {
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws USAGE, with the names that there are. */
export function toolArguments(
  schema: ToolSchema,
  words: readonly string[],
): Record<string, unknown> {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Property>>;
  const result: Record<string, unknown> = {};
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, option = '', given] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const name = propertyName(properties, option, word);
    const property = properties[name] as Property;
    const isList = property.type === 'array';
    const type = isList ? property.items?.type : property.type;
    const values = given === undefined ? takeWords(rest, { isList, type }) : [given];
    const [first] = values;
    if (first === undefined) throw usage(`--${option} needs a value.`, properties);
    if (!isList) result[name] = parseValue(first, type, option);
    else {
      const known = (result[name] as unknown[] | undefined) ?? [];
      result[name] = [...known, ...values.map((text) => parseValue(text, type, option))];
    }
  }
  return result;
}

/** The words that belong to an option: one, for a list all up to the next option, for a truth maybe none. */
function takeWords(
  rest: string[],
  { isList, type }: { readonly isList: boolean; readonly type: unknown },
): readonly string[] {
  if (type === 'boolean' && !isList && !/^(true|false)$/.test(rest[0] ?? '')) return ['true'];
  const values = rest.splice(0, 1);
  while (isList && rest[0] !== undefined && !rest[0].startsWith('--'))
    values.push(rest.shift() as string);
  return values;
}

function propertyName(
  properties: Readonly<Record<string, Property>>,
  option: string,
  word: string,
): string {
  const name = option.replaceAll('-', '_');
  for (const one of [name, `${name}s`]) {
    if (!Object.hasOwn(properties, one)) continue;
    if (one === name || properties[one]?.type === 'array') return one;
  }
  const file = 'file_path';
  if (name === 'path' && Object.hasOwn(properties, file)) return file;
  throw usage(
    `The tool has no ${option === '' ? `place for "${word}"` : `--${option}`}.`,
    properties,
  );
}

function parseValue(text: string, type: unknown, option: string): unknown {
  if (type === 'string' || type === undefined) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaiError('USAGE', `--${option} must be JSON of type ${JSON.stringify(type)}.`, {
      cause,
    });
  }
}

function usage(message: string, properties: Readonly<Record<string, unknown>>): CaiError {
  const names = Object.keys(properties).map((name) => `--${name.replaceAll('_', '-')}`);
  const next = names.length === 0 ? 'It takes no arguments.' : `There are: ${names.join(', ')}.`;
  return new CaiError('USAGE', message, { next });
}

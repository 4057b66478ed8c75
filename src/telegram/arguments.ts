/** A tool's arguments from what stands behind its name, checked against its schema; errors speak in the schema's words. Pure. */
import * as z from 'zod';
import { CaiError } from '../errors.ts';
import { toolArguments } from '../mcp/call-arguments.ts';
import { splitWords } from './words.ts';

export type Arguments = Readonly<Record<string, unknown>>;

/** As the MCP server lists it. */
export interface ListedTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: {
    readonly properties?: Readonly<Record<string, unknown>> | undefined;
    readonly required?: readonly string[] | undefined;
  };
  readonly annotations?:
    | {
        readonly readOnlyHint?: boolean | undefined;
        readonly destructiveHint?: boolean | undefined;
      }
    | undefined;
}

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Property;
}

export interface ArgumentsInput {
  readonly tool: ListedTool;
  /** JSON, or words with flags. */
  readonly text: string;
  /** What a first word without a flag means. */
  readonly word?: string | undefined;
}

/** Throws USAGE, with what the tool takes. */
export function readArguments({ tool, text, word }: ArgumentsInput): Arguments {
  const given = text.trim();
  const args = given.startsWith('{') ? fromJson(tool, given) : fromWords(tool, given, word);
  checkArguments(tool, args);
  return args;
}

function fromWords(tool: ListedTool, text: string, word: string | undefined): Arguments {
  const words = splitWords(text);
  const named = word !== undefined && words[0] !== undefined && !words[0].startsWith('--');
  try {
    return toolArguments(tool.inputSchema, named ? [`--${word}`, ...words] : words);
  } catch (error) {
    throw wrong(tool, (error as Error).message);
  }
}

function fromJson(tool: ListedTool, text: string): Arguments {
  // Phones put curly quotes where straight ones were typed.
  for (const json of [text, text.replace(/[“”„]/g, '"')]) {
    try {
      return JSON.parse(json) as Arguments;
    } catch {
      // The next reading may be the right one.
    }
  }
  throw wrong(tool, 'That is no JSON.');
}

/** Throws USAGE for what the schema does not take, and for names it does not know. */
export function checkArguments(tool: ListedTool, args: Arguments): void {
  const known = Object.keys(tool.inputSchema.properties ?? {});
  const strange = Object.keys(args).find((name) => !known.includes(name));
  if (strange !== undefined) throw wrong(tool, `There is no argument "${strange.slice(0, 60)}".`);
  const schema = tool.inputSchema as Parameters<typeof z.fromJSONSchema>[0];
  const checked = z.fromJSONSchema(schema).safeParse(args);
  if (checked.success) return;
  const faults = checked.error.issues.slice(0, 5).map((issue) => {
    const name = issue.path.map(String).join('.');
    const missing = issue.path.length === 1 && !(name in args);
    return missing ? `"${name}" is missing.` : `"${name}": ${issue.message}.`;
  });
  throw wrong(tool, faults.join(' '));
}

function wrong(tool: ListedTool, message: string): CaiError {
  return new CaiError('USAGE', `${tool.name}: ${message}`, { next: usageOf(tool) });
}

/** What a tool takes, a line for each argument, in the words of its schema. */
export function usageOf({ name, inputSchema }: ListedTool): string {
  const properties = Object.entries(inputSchema.properties ?? {}) as [string, Property][];
  if (properties.length === 0) return `Send /exec ${name}; it takes no arguments.`;
  const lines = properties.map(([key, property]) => {
    const needed = inputSchema.required?.includes(key) === true ? ' (needed)' : '';
    const words = property.description === undefined ? '' : `: ${property.description}`;
    return `--${key.replaceAll('_', '-')} ${typeName(property)}${needed}${words}`;
  });
  return [`${name} takes:`, ...lines].join('\n');
}

function typeName({ type, enum: choices, items }: Property): string {
  if (choices !== undefined) return choices.map(String).join('|');
  if (type === 'array') return items?.type === 'string' ? 'TEXT, repeatable' : 'JSON';
  if (type === 'integer' || type === 'number') return 'NUMBER';
  if (type === 'boolean') return 'true|false';
  return type === 'object' ? 'JSON' : 'TEXT';
}

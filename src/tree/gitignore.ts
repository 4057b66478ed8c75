/**
 * The rules of one ignore file, arranged so that a path is judged in a few look-ups: plain names,
 * paths and `*.ext` by hash, only the rest one by one. The last matching line decides.
 */
import { matchGlob } from './gitignore-glob.ts';
import { type IgnoreRule, type Match, parseRule, patternLines } from './gitignore-parse.ts';
import { toBinary } from './path.ts';

export interface IgnoreList {
  /** The lines that count; two lists with the same lines are the same. */
  readonly lines: readonly string[];
  readonly negated: readonly boolean[];
  readonly names: LastByText;
  readonly paths: LastByText;
  readonly extensions: LastByText;
  /** Rules that have to be tried one by one, the last line first. */
  readonly others: readonly Numbered[];
}

type LastByText = ReadonlyMap<string, Last>;

/** Numbers of the last rules that match other things, and directories; -1 for none. */
interface Last {
  readonly other: number;
  readonly directory: number;
}

interface Numbered extends IgnoreRule {
  readonly number: number;
}

/** What is judged, one character a byte (see toBinary). */
export interface Subject {
  /** The path from the directory of the ignore file. */
  readonly path: string;
  readonly name: string;
  readonly isDirectory: boolean;
}

/** Compiles the text of an ignore file. */
export function compileIgnore(text: string): IgnoreList {
  const lines = patternLines(toBinary(text));
  const rules = lines.map(parseRule).filter((rule) => rule !== undefined);
  const numbered = rules.map((rule, number) => ({ ...rule, number }));
  return {
    lines,
    negated: rules.map((rule) => rule.negated),
    names: lastByText(numbered, 'name'),
    paths: lastByText(numbered, 'path'),
    extensions: lastByText(numbered, 'extension'),
    others: numbered.filter(({ match }) => !hashed.has(match.kind)).reverse(),
  };
}

const hashed = new Set<Match['kind']>(['name', 'path', 'extension']);

function lastByText(rules: readonly Numbered[], kind: 'name' | 'path' | 'extension'): LastByText {
  const last = new Map<string, Last>();
  for (const { match, number, directoryOnly } of rules) {
    if (match.kind !== kind) continue;
    const other = directoryOnly ? (last.get(match.text)?.other ?? -1) : number;
    last.set(match.text, { other, directory: number });
  }
  return last;
}

/** What the last matching line says; undefined when none matches. */
export function judge(list: IgnoreList, subject: Subject): 'exclude' | 'include' | undefined {
  const { path, name, isDirectory } = subject;
  const dot = list.extensions.size === 0 ? -1 : name.lastIndexOf('.');
  const hit = Math.max(
    lookUp(list.names, name, isDirectory),
    lookUp(list.paths, path, isDirectory),
    dot < 0 ? -1 : lookUp(list.extensions, name.slice(dot), isDirectory),
  );
  const last = lastMatch(list.others, subject, hit);
  if (last < 0) return undefined;
  return list.negated[last] ? 'include' : 'exclude';
}

function lookUp(last: LastByText, text: string, isDirectory: boolean): number {
  if (last.size === 0) return -1;
  const found = last.get(text);
  if (found === undefined) return -1;
  return isDirectory ? found.directory : found.other;
}

/** The number of the last rule that matches, or `floor` when none behind that does. */
function lastMatch(rules: readonly Numbered[], subject: Subject, floor: number): number {
  for (const rule of rules) {
    if (rule.number <= floor) return floor;
    if (rule.directoryOnly && !subject.isDirectory) continue;
    if (matches(rule, subject)) return rule.number;
  }
  return floor;
}

function matches({ match }: IgnoreRule, { path, name }: Subject): boolean {
  switch (match.kind) {
    case 'suffix':
    case 'extension':
      return name.endsWith(match.text);
    case 'name':
      return name === match.text;
    case 'path':
      return path === match.text;
    case 'tail': {
      const before = path.length - match.text.length - 1;
      return path.endsWith(match.text) && (before < 0 || path[before] === '/');
    }
    case 'glob': {
      const text = match.on === 'name' ? name : path;
      return text.startsWith(match.prefix) && matchGlob(match.glob, text, match.prefix.length);
    }
  }
}

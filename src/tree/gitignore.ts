/**
 * The rules of one ignore file, arranged so that a path is judged in a few look-ups: plain names and
 * paths by hash, `*.ext` by comparing ends, only the rest by matching. The last matching line decides.
 */
import { matchGlob } from './gitignore-glob.ts';
import { type IgnoreRule, parseRule, patternLines } from './gitignore-parse.ts';
import { toBinary } from './path.ts';

export interface IgnoreList {
  /** The lines that count; two lists with the same lines are the same. */
  readonly lines: readonly string[];
  readonly negated: readonly boolean[];
  readonly names: ReadonlyMap<string, Last>;
  readonly paths: ReadonlyMap<string, Last>;
  /** Rules that have to be tried one by one, the last line first. */
  readonly suffixes: readonly Numbered[];
  readonly globs: readonly Numbered[];
}

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
  const rules = lines.map(parseRule).flatMap((rule) => (rule === undefined ? [] : [rule]));
  const numbered = rules.map((rule, number) => ({ ...rule, number }));
  const kind = (wanted: string) => numbered.filter((rule) => rule.match.kind === wanted);
  const literals = kind('literal');
  return {
    lines,
    negated: rules.map((rule) => rule.negated),
    names: lastByText(literals.filter((rule) => rule.match.on === 'name')),
    paths: lastByText(literals.filter((rule) => rule.match.on === 'path')),
    suffixes: kind('suffix').reverse(),
    globs: kind('glob').reverse(),
  };
}

function lastByText(rules: readonly Numbered[]): ReadonlyMap<string, Last> {
  const last = new Map<string, Last>();
  for (const { match, number, directoryOnly } of rules) {
    if (match.kind !== 'literal') continue;
    const other = directoryOnly ? (last.get(match.text)?.other ?? -1) : number;
    last.set(match.text, { other, directory: number });
  }
  return last;
}

/** What the last matching line says; undefined when none matches. */
export function judge(list: IgnoreList, subject: Subject): 'exclude' | 'include' | undefined {
  let last = -1;
  const named = list.names.get(subject.name);
  if (named !== undefined) last = subject.isDirectory ? named.directory : named.other;
  const placed = list.paths.size === 0 ? undefined : list.paths.get(subject.path);
  if (placed !== undefined)
    last = Math.max(last, subject.isDirectory ? placed.directory : placed.other);
  last = lastMatch(list.suffixes, subject, last);
  last = lastMatch(list.globs, subject, last);
  if (last < 0) return undefined;
  return list.negated[last] ? 'include' : 'exclude';
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

function matches({ match }: IgnoreRule, subject: Subject): boolean {
  if (match.kind === 'suffix') return subject.name.endsWith(match.text);
  const text = match.on === 'name' ? subject.name : subject.path;
  if (match.kind === 'literal') return text === match.text;
  return text.startsWith(match.prefix) && matchGlob(match.glob, text, match.prefix.length);
}

/**
 * A git configuration cut into pieces that together are its text again, byte by byte. Cut as git reads
 * it: a key may stand on the line of its section, may have no value, and a value may go on behind a
 * backslash and hold comment signs in quotes. Pure.
 */

export type GitPiece =
  /** `[name "sub"]`, without what follows it on its line. */
  | { readonly kind: 'section'; readonly text: string; readonly name: string; readonly sub: string }
  | { readonly kind: 'key'; readonly text: string; readonly key: string; readonly value: string }
  /** Blank lines and comments. */
  | { readonly kind: 'blank'; readonly text: string }
  /** A line that git refuses. */
  | { readonly kind: 'fault'; readonly text: string };

const blank = /(?:[ \t\r]*\n)+|[ \t\r]+$|[ \t]*[#;][^\n]*(?:\n|$)/y;
const section = /[ \t]*\[[ \t]*([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\.)*)")?[ \t]*\]/y;
const key = /[ \t]*([A-Za-z][A-Za-z0-9-]*)[ \t]*/y;
// Quoted text, an escape (also that of a line's end), or any other sign but the start of a comment.
const value = /=(?:"(?:[^"\\\n]|\\(?:\r\n|[\s\S]))*"|\\(?:\r\n|[\s\S])|[^"\\#;\n])*/y;
const rest = /[^\n]*(?:\n|$)/y;
const comment = /[ \t]*[#;][^\n]*(?:\n|$)|[ \t\r]*(?:\n|$)/y;

export function splitGitConfig(source: string): readonly GitPiece[] {
  const pieces: GitPiece[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found;
  };
  while (at < source.length) {
    const start = at;
    const head = take(blank) === undefined ? take(section) : undefined;
    if (head !== undefined) {
      const [text, name = '', sub = ''] = head;
      pieces.push({ kind: 'section', text, name: name.toLowerCase(), sub });
    } else if (at > start) {
      pieces.push({ kind: 'blank', text: source.slice(start, at) });
    } else {
      pieces.push(takeKey(start));
    }
  }
  return pieces;

  function takeKey(start: number): GitPiece {
    const name = take(key)?.[1];
    const assigned = name === undefined ? undefined : (take(value)?.[0] ?? '');
    const whole = assigned !== undefined && take(comment) !== undefined;
    if (!whole) take(rest);
    const text = source.slice(start, at);
    if (name === undefined || !whole) return { kind: 'fault', text };
    return { kind: 'key', text, key: name.toLowerCase(), value: plain(assigned.slice(1)) };
  }
}

/** A value without its quotes and line ends. */
function plain(text: string): string {
  return text
    .replace(/\\\r?\n/g, '')
    .replace(/"/g, '')
    .trim();
}

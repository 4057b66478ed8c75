/** Bracket expressions of git's patterns, `[a-z]`, `[!x]`, `[[:digit:]]`, as sets of bytes. */

/** 1 at every byte that is in the set. */
export type ByteSet = Uint8Array;

const slash = 0x2f;

/** All bytes but one. */
export function bytesBut(byte: number): ByteSet {
  const set = new Uint8Array(256).fill(1);
  set[byte] = 0;
  return set;
}

// ASCII only, and as git has them, not as C has them: its `space` knows neither \v nor \f.
const named = new Map(
  Object.entries({
    alnum: /[0-9A-Za-z]/,
    alpha: /[A-Za-z]/,
    blank: /[ \t]/,
    cntrl: /[^ -~\u0080-\u00ff]/,
    digit: /[0-9]/,
    graph: /[!-~]/,
    lower: /[a-z]/,
    print: /[ -~]/,
    punct: /[!-/:-@[-`{-~]/,
    space: /[ \t\n\r]/,
    upper: /[A-Z]/,
    xdigit: /[0-9A-Fa-f]/,
  }),
);

/**
 * Reads the expression that opens at `start`; undefined when it is malformed (not closed, unknown
 * class name). A slash is never in the set: no wildcard but `**` crosses directories.
 */
export function parseClass(
  pattern: string,
  start: number,
): { readonly set: ByteSet; readonly next: number } | undefined {
  const set = new Uint8Array(256);
  const negated = pattern[start + 1] === '!' || pattern[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  let at = first;
  // The byte that a following `-` would begin a range with; 0 behind a range or a named class.
  let previous = 0;
  // A `]` in first place is a member, not the end.
  while (at === first || pattern[at] !== ']') {
    const member = readMember(pattern, at, previous);
    if (member === undefined) return undefined;
    for (let byte = member.from; byte <= member.to; byte++) set[byte] = 1;
    if (member.name !== undefined) addNamed(set, member.name);
    previous = member.previous;
    at = member.next;
  }
  if (negated) for (let byte = 0; byte < 256; byte++) set[byte] = 1 - (set[byte] as number);
  set[slash] = 0;
  return { set, next: at + 1 };
}

interface Member {
  readonly from: number;
  readonly to: number;
  readonly name?: RegExp;
  readonly previous: number;
  readonly next: number;
}

function readMember(pattern: string, at: number, previous: number): Member | undefined {
  const char = pattern[at];
  if (char === '-' && previous !== 0 && at + 1 < pattern.length && pattern[at + 1] !== ']') {
    const end = readByte(pattern, at + 1);
    return end && { from: previous, to: end.byte, previous: 0, next: end.next };
  }
  if (char === '[' && pattern[at + 1] === ':') {
    const close = pattern.indexOf(']', at + 2);
    if (close < 0) return undefined;
    if (close > at + 2 && pattern[close - 1] === ':') {
      const name = named.get(pattern.slice(at + 2, close - 1));
      return name && { from: 1, to: 0, name, previous: 0, next: close + 1 };
    }
  }
  const single = readByte(pattern, at);
  return single && { from: single.byte, to: single.byte, previous: single.byte, next: single.next };
}

function readByte(pattern: string, at: number): { byte: number; next: number } | undefined {
  const place = pattern[at] === '\\' ? at + 1 : at;
  if (place >= pattern.length) return undefined;
  return { byte: pattern.charCodeAt(place), next: place + 1 };
}

function addNamed(set: ByteSet, name: RegExp): void {
  for (let byte = 0; byte < 128; byte++) if (name.test(String.fromCharCode(byte))) set[byte] = 1;
}

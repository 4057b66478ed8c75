/** The flags of a manifest's entries: words, and the letters that stand for them. Pure. */
import { SchemaFault, wrong } from '../config/values.ts';

export const flagLetters = {
  f: 'file',
  d: 'directory',
  j: 'json-init',
  s: 'secret',
  c: 'credential',
  o: 'optional',
  g: 'git-filter',
  m: 'mirror',
  R: 'replace',
  x: 'no-system',
  p: 'private',
  h: 'home-paths',
  G: 'glob',
} as const;

export type EntryFlag = (typeof flagLetters)[keyof typeof flagLetters];

const words: readonly EntryFlag[] = Object.values(flagLetters);

/** Flags that only one kind of entry can have. */
const onlyFor: Partial<Record<EntryFlag, 'file' | 'directory'>> = {
  'json-init': 'file',
  'git-filter': 'file',
  'home-paths': 'file',
  glob: 'file',
  mirror: 'directory',
  'no-system': 'directory',
  private: 'directory',
};

/** Reads a list of words, or a text of letters. Throws SchemaFault. */
export function readFlags(value: unknown, key: string): ReadonlySet<EntryFlag> {
  const flags = new Set(
    typeof value === 'string' ? fromLetters(value, key) : fromWords(value, key),
  );
  if (flags.has('file') === flags.has('directory'))
    throw new SchemaFault(key, `"${key}" must hold either file or directory`);
  const kind = flags.has('file') ? 'file' : 'directory';
  for (const flag of flags) {
    const needed = onlyFor[flag];
    if (needed !== undefined && needed !== kind)
      throw new SchemaFault(key, `"${key}" holds ${flag}, which is for a ${needed} only`);
  }
  // A login is a secret of a special kind.
  if (flags.has('credential')) flags.add('secret');
  return flags;
}

function fromLetters(value: string, key: string): EntryFlag[] {
  return value.split('').map((letter) => {
    const word = flagLetters[letter as keyof typeof flagLetters];
    if (word !== undefined) return word;
    const known = Object.entries(flagLetters).map(([each, name]) => `${each} (${name})`);
    throw new SchemaFault(
      key,
      `"${key}" holds the unknown letter "${letter}"; there are ${known.join(', ')}`,
    );
  });
}

function fromWords(value: unknown, key: string): EntryFlag[] {
  if (!Array.isArray(value)) throw wrong(key, 'a list of words, or a text of letters');
  return value.map((word: unknown) => {
    const known = words.find((each) => each === word);
    if (known !== undefined) return known;
    throw new SchemaFault(
      key,
      `"${key}" holds the unknown flag ${JSON.stringify(word)}; there are ${words.join(', ')}`,
    );
  });
}

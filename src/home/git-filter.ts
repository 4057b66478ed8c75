/**
 * A git configuration without what must not leave the host, or only works there: helpers for credentials,
 * keys to sign with, headers and addresses that hold tokens. All else stays byte by byte. Pure.
 */
import { type GitPiece, splitGitConfig } from './git-config.ts';

export interface FilteredGit {
  readonly text: string;
  /** What was taken out, as `section.key`; never a value or a subsection, which may hold a token. */
  readonly removed: readonly string[];
}

/** Sections that say how to get, or to use, a credential. */
const privateSections = new Set(['credential', 'gpg', 'sendemail', 'imap']);

const privateKeys = new Set([
  'user.signingkey',
  'commit.gpgsign',
  'tag.gpgsign',
  'tag.forcesignannotated',
  'push.gpgsign',
  'http.extraheader',
  'http.cookiefile',
  'http.savecookies',
  'http.sslkey',
  'http.sslcert',
  'core.askpass',
  'core.sshcommand',
]);

const tokenKey = /(token|password|passwd|secret|apikey)$/;
// A password in an address, or a user so long that it is a token.
const login = /[a-z][a-z0-9+.-]*:\/\/(?:[^\s/@:]*:[^\s/@]+|[^\s/@:]{20,})@/i;

interface Section {
  readonly head: GitPiece | undefined;
  readonly items: GitPiece[];
}

export function filterGitConfig(source: string): FilteredGit {
  const removed: string[] = [];
  let text = '';
  for (const { head, items } of sections(splitGitConfig(source))) {
    // The older way to write a subsection is a dot: [credential.https://x].
    const name = head?.kind === 'section' ? (head.name.split('.')[0] as string) : '';
    const whole = privateSections.has(name) || (head !== undefined && login.test(head.text));
    const kept = items.filter((item) => !whole && !isPrivate(name, item));
    for (const item of items) if (!kept.includes(item)) removed.push(...shown(name, item));
    const emptied = kept.length < items.length && !kept.some(({ kind }) => kind === 'key');
    if (!whole && !(head !== undefined && emptied)) text += render(head, kept);
  }
  return { text, removed: [...new Set(removed)] };
}

function sections(pieces: readonly GitPiece[]): readonly Section[] {
  const found: Section[] = [{ head: undefined, items: [] }];
  for (const piece of pieces) {
    if (piece.kind === 'section') found.push({ head: piece, items: [] });
    else found.at(-1)?.items.push(piece);
  }
  return found;
}

function isPrivate(section: string, piece: GitPiece): boolean {
  switch (piece.kind) {
    case 'key':
      return (
        privateKeys.has(`${section}.${piece.key}`) ||
        tokenKey.test(piece.key) ||
        login.test(piece.value)
      );
    case 'blank':
      // A setting that was commented out.
      return (
        login.test(piece.text) || /(token|password|secret|extraheader)[^\n]*=/i.test(piece.text)
      );
    case 'fault':
      return true;
    case 'section':
      return false;
  }
}

function shown(section: string, piece: GitPiece): readonly string[] {
  if (piece.kind === 'key') return [`${section}.${piece.key}`];
  return piece.kind === 'fault' ? ['a line that git would refuse'] : [];
}

function render(head: GitPiece | undefined, items: readonly GitPiece[]): string {
  const body = items.map(({ text }) => text).join('');
  if (head === undefined) return body;
  // The line may have ended with a key that is gone.
  const joined = /^[ \t\r]*\n/.test(body) || isSameLine(items[0]) ? '' : '\n';
  return `${head.text}${joined}${body}`;
}

/** Can stand behind a section on its line. */
function isSameLine(piece: GitPiece | undefined): boolean {
  return piece !== undefined && (piece.kind === 'key' || piece.kind === 'blank');
}

/** The bearer token: made once, readable by its owner only, compared without telling how much of it is right. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { stateDirectory } from '../../control/state-dir.ts';
import { CaiError, toCaiError } from '../../errors.ts';

export interface Token {
  readonly value: string;
  /** Absent when it came from the environment. */
  readonly file?: string;
}

const minChars = 16;

export function tokenFile(): string {
  return join(stateDirectory(), 'mcp-token');
}

/** $CAI_MCP_TOKEN, else the file's, else a new one. Throws STATE when others may read the file. */
export function openToken(
  options: { readonly file?: string; readonly renew?: boolean } = {},
): Token {
  const fromEnvironment = process.env.CAI_MCP_TOKEN;
  if (fromEnvironment !== undefined && fromEnvironment !== '')
    return { value: checked(fromEnvironment.trim(), 'CAI_MCP_TOKEN') };
  const file = options.file ?? tokenFile();
  try {
    if (options.renew === true) rmSync(file, { force: true });
    return { value: checked(readToken(file) ?? makeToken(file), file), file };
  } catch (error) {
    if (error instanceof CaiError) throw error;
    throw new CaiError('STATE', `The token cannot be used: ${toCaiError(error).message}`, {
      path: file,
      next: 'Make the file readable for you alone, or name another one with --token-file.',
      cause: error,
    });
  }
}

/** True for the right `Authorization` header. */
export function isAuthorized(header: string | null, token: Token): boolean {
  const given = /^Bearer +([^\s]+) *$/i.exec(header ?? '')?.[1];
  return given !== undefined && timingSafeEqual(hash(given), hash(token.value));
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readToken(file: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode } = fstatSync(fd);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new CaiError('STATE', `Others may read the token in ${file}.`, {
        path: file,
        next: `Run \`chmod 600 ${file}\`, and make a new one with \`cai serve --new-token\`.`,
      });
    return readFileSync(fd, 'utf8').trim();
  } finally {
    closeSync(fd);
  }
}

function makeToken(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const value = randomBytes(32).toString('base64url');
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    // Beside it first: what was half written would be taken for a token, by this start or the next.
    writeFileSync(draft, `${value}\n`, { mode: 0o600, flag: 'wx' });
    place(draft, file);
    return value;
  } catch (error) {
    // Another server made it just now.
    const made = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readToken(file) : undefined;
    if (made === undefined) throw error;
    return made;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A hard link, unlike a rename, does not replace another server's; not every file system has them. */
function place(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    renameSync(draft, file);
  }
}

function checked(value: string, where: string): string {
  if (value.length >= minChars && /^[\x21-\x7e]+$/.test(value)) return value;
  throw new CaiError('CONFIG', `The token of ${where} is too short, or holds blanks.`, {
    next: `Use at least ${minChars} characters without blanks.`,
  });
}
